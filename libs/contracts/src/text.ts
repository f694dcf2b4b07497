import { z } from 'zod';

/** For clients that generate code from the API's description: not blank, and without NUL characters. */
const PATTERN = '^(?=[\\s\\S]*\\S)[^\\u0000]*$';

/**
 * Text that a person writes: not empty, and without the one character that Postgres cannot store. Services refuse halves of
 * surrogate pairs in every body (libs/service-kit, `acceptJson`).
 */
export const writtenText = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .refine((text) => !text.includes('\0'), 'contains a NUL character')
    .meta({ pattern: PATTERN });
