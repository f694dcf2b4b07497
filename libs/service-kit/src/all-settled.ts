/**
 * As `Promise.all`, but whoever hears of a failure may clear up: none of the others is still at work.
 * @throws what the first of them throws, in their order
 */
export async function allSettled<T extends readonly unknown[]>(work: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work) as Promise<unknown> as Promise<T>;
}
