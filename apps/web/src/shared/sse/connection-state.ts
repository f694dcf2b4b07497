import { useSyncExternalStore } from 'react';

/**
 * Whether the live connection stands, for the whole page. Each open stream reports here under its own key; the page
 * shows the worst of them.
 *
 *     live: everything flows · reconnecting: a stream was lost and is tried again · offline: the browser has no network
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
  /** The stream flows again, or is not wanted any more. */
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
