import { z } from 'zod';

/**
 * An id in an address. A UUID may be written in any case (RFC 9562); from here on there is one spelling, since ids
 * also name Redis keys, locks and folders.
 */
export const Id = z.uuid().toLowerCase();

/** An id of a person or a tenant in an address. Not all of them are UUIDs. */
export const AccountId = z.string().regex(/^[\w-]{1,100}$/);
