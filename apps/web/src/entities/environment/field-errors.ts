import type { Problem } from '@saas-codex/contracts/problems';
import type { z } from 'zod';

/** Errors by the JSON pointer of their field. A message is a predicate from the contracts: "is not a host name". */
export type FieldErrors = Readonly<Record<string, string>>;

export const NO_ERRORS: FieldErrors = {};

/** The errors that the contract finds in a value; empty if it is valid. */
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

/** The server's errors about `pointer` and the fields below it, with pointers relative to it. */
export const problemErrors = (problem: Problem | null, pointer: string): FieldErrors =>
  byField(
    (problem?.errors ?? [])
      .filter(({ path }) => path === pointer || path.startsWith(`${pointer}/`))
      .map(({ path, message }) => ({ path: path.slice(pointer.length), message })),
  );

/** Keeps the first error of each field. */
const byField = (errors: readonly { path: string; message: string }[]): FieldErrors =>
  Object.fromEntries(errors.toReversed().map(({ path, message }) => [path, message]));

/** The errors of a part, with pointers relative to the whole. */
export const errorsIn = (pointer: string, errors: FieldErrors): FieldErrors =>
  Object.fromEntries(Object.entries(errors).map(([path, message]) => [pointer + path, message]));

/** The errors at and below `pointer`, with pointers relative to it. */
export const errorsBelow = (errors: FieldErrors, pointer: string): FieldErrors =>
  Object.fromEntries(
    Object.entries(errors)
      .filter(([path]) => path.startsWith(`${pointer}/`) || path === pointer)
      .map(([path, message]) => [path.slice(pointer.length), message]),
  );
