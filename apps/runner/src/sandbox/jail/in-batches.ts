const BATCH = 32;

/**
 * As `Promise.all(items.map(work))`, a few at a time: how many there are is for an agent to choose, and each that is
 * looked at takes memory of the runner and a turn of the threads that all runs share.
 */
export async function inBatches<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let next = 0; next < items.length; next += BATCH)
    results.push(...(await Promise.all(items.slice(next, next + BATCH).map(work))));
  return results;
}
