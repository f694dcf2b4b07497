import { z } from 'zod';

/** What a person writes: not empty, and without the one character that Postgres cannot keep. */
export const writtenText = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .refine((text) => !text.includes('\0'), 'contains a NUL character');
