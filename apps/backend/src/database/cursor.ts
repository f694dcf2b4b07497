import { ProblemError } from '@saas-codex/service-kit/problem';
import type { z } from 'zod';

/** A list's cursor: the sort key of the page's last row, opaque to clients. */
const encodeCursor = (key: unknown): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** How JSON writes the one character that Postgres cannot store. No key of ours has it. */
const NUL = String.raw`\u0000`;

/**
 * Decodes a cursor; undefined when the client sent none.
 * @throws ProblemError invalid_cursor
 */
export function decodeCursor<T>(cursor: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  try {
    const text = Buffer.from(cursor, 'base64url').toString();
    if (text.includes(NUL)) throw new Error('The cursor has a NUL character.');
    return schema.parse(JSON.parse(text));
  } catch {
    throw new ProblemError(
      'invalid_cursor',
      'Pass next_cursor of the previous page unchanged, or leave it out.',
    );
  }
}

/**
 * Makes a page of rows that were read with `limit + 1`: the extra row shows that there is a next page, without a count.
 * @param keyOf the sort key of a row, as `decodeCursor` reads it
 */
export function toPage<R, T>(rows: R[], limit: number, keyOf: (row: R) => unknown, view: (row: R) => T) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: items.map(view), next_cursor: more ? encodeCursor(keyOf(last)) : null };
}
