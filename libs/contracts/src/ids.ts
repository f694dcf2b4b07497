import { z } from 'zod';

/**
 * An id in an address. A UUID may be written in any case (RFC 9562); from here on there is one spelling, since ids
 * also name Redis keys, locks and folders.
 */
export const Id = z.uuid().toLowerCase();
