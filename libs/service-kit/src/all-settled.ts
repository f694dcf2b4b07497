/**
 * Like `Promise.all`, but rejects only when all promises have settled. The caller can then clean up, because nothing still runs.
 * @throws the error of the first rejected promise, in the order of the list
 */
export async function allSettled<T extends readonly unknown[]>(work: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work) as Promise<unknown> as Promise<T>;
}
