import type { Listed } from './repositories.js';

/** Enough for every list that a person looks through; who has more searches, or types. */
const MAX_PAGES = 10;

/** All pages of a list, up to a bound. @param size of a full page @param pageOf from 1 on */
export async function allPages<T>(size: number, pageOf: (page: number) => Promise<T[]>): Promise<Listed<T>> {
  const items: T[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const next = await pageOf(page);
    items.push(...next);
    if (next.length < size) return { items, isComplete: true };
  }
  return { items, isComplete: false };
}
