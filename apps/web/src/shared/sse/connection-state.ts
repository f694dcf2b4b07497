import { useSyncExternalStore } from 'react';

/**
 * The state of the live connections of the whole page. Each open stream reports under its own key, and the page shows
 * the worst state.
 *
 *     live: all streams are connected · reconnecting: a stream was lost and retries · offline: no network
 */
export type ConnectionState = 'live' | 'reconnecting' | 'offline';

const lost = new Set<symbol>();
const listeners = new Set<() => void>();
const notify = () => listeners.forEach((listener) => listener());

export const connection = {
  reportLost(stream: symbol): void {
    lost.add(stream);
    notify();
  },
  /** The stream is connected again, or no longer needed. */
  reportFine(stream: symbol): void {
    if (lost.delete(stream)) notify();
  },
  read(): ConnectionState {
    if (!navigator.onLine) return 'offline';
    return lost.size > 0 ? 'reconnecting' : 'live';
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    addEventListener('online', listener);
    addEventListener('offline', listener);
    return () => {
      listeners.delete(listener);
      removeEventListener('online', listener);
      removeEventListener('offline', listener);
    };
  },
};

export const useConnectionState = (): ConnectionState =>
  useSyncExternalStore(connection.subscribe, connection.read);
