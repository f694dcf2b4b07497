import type { Problem } from '@saas-codex/contracts/problems';
import type { z } from 'zod';

/** What is wrong, by JSON pointer of the field: a predicate, "is not a host name", as the contracts say it. */
export type FieldErrors = Readonly<Record<string, string>>;

export const NO_ERRORS: FieldErrors = {};

/** What the contract says to a value; empty when it is valid. */
export function fieldErrors(schema: z.ZodType, value: unknown): FieldErrors {
  const result = schema.safeParse(value);
  if (result.success) return NO_ERRORS;
  return byField(
    result.error.issues.map(({ path, message }) => ({
      path: path.map((part) => `/${String(part)}`).join(''),
      message,
    })),
  );
}

/** The server's word on the fields below `pointer`, with pointers from there. */
export const problemErrors = (problem: Problem | null, pointer: string): FieldErrors =>
  byField(
    (problem?.errors ?? [])
      .filter(({ path }) => path === pointer || path.startsWith(`${pointer}/`))
      .map(({ path, message }) => ({ path: path.slice(pointer.length), message })),
  );

/** The first word on each field counts. */
const byField = (errors: readonly { path: string; message: string }[]): FieldErrors =>
  Object.fromEntries(errors.toReversed().map(({ path, message }) => [path, message]));

/** The errors of a part, with pointers from the whole. */
export const errorsIn = (pointer: string, errors: FieldErrors): FieldErrors =>
  Object.fromEntries(Object.entries(errors).map(([path, message]) => [pointer + path, message]));

/** The errors below `pointer`, with pointers from there. */
export const errorsBelow = (errors: FieldErrors, pointer: string): FieldErrors =>
  Object.fromEntries(
    Object.entries(errors)
      .filter(([path]) => path.startsWith(`${pointer}/`) || path === pointer)
      .map(([path, message]) => [path.slice(pointer.length), message]),
  );
