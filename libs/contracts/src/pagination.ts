import { z } from 'zod';

/** Postgres refuses longer texts, and a time with more digits means nothing. */
const MAX_TIMESTAMP = 40;

/** A time in a query. Postgres has no year 0. */
export const Timestamp = z.iso
  .datetime()
  .refine((text) => !text.startsWith('0000'), 'is before the year 1')
  .refine((text) => text.length <= MAX_TIMESTAMP, 'has too many digits');

/** Query of every list: `cursor` is opaque and comes from the page before. */
export const PageQuery = z.object({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** A page of `item`s, newest first unless a list says otherwise; `next_cursor` is null on the last one. */
export const pageOf = <T extends z.ZodType>(item: T, id: string) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() }).meta({ id });
