import DataLoader from 'dataloader';

/**
 * A loader that answers concurrent requests with one statement: keys that are loaded within one turn of the event loop are
 * loaded together. Nothing is cached, so an answer is never older than its question; permissions may be revoked meanwhile.
 * @param loadAll the values of the keys, in the same order; keys may repeat
 */
export const batchLoader = <K, V>(loadAll: (keys: readonly K[]) => Promise<V[]>): DataLoader<K, V> =>
  new DataLoader(loadAll, { cache: false, batchScheduleFn: (dispatch) => void setImmediate(dispatch) });
