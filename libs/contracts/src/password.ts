import { z } from 'zod';

/** Characters of a password. A longer one would only make the server's work longer. */
export const PASSWORD_LENGTH = { min: 12, max: 128 } as const;

export const NewPassword = z.string().min(PASSWORD_LENGTH.min).max(PASSWORD_LENGTH.max);
/** A password that may be right. It is not judged by today's rules for new ones. */
export const GivenPassword = z.string().min(1).max(PASSWORD_LENGTH.max);
