import { z } from 'zod';

/** Half of a character outside the Basic Multilingual Plane, without its other half: neither UTF-8 nor jsonb can hold it. */
const UNPAIRED_SURROGATE = /\p{Surrogate}/gu;

/** Text that a person writes: not empty, and without the one character that Postgres cannot store. */
export const writtenText = (maxLength: number) =>
  z
    .string()
    .overwrite((text) => text.replace(UNPAIRED_SURROGATE, '\u{fffd}'))
    .trim()
    .min(1)
    .max(maxLength)
    .refine((text) => !text.includes('\0'), 'contains a NUL character');
