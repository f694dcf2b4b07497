import { useSyncExternalStore } from 'react';

/**
 * The state of the live connection.
 *
 *     live: connected, or not needed · reconnecting: lost, and tried again · offline: no network
 */
export type ConnectionState = 'live' | 'reconnecting' | 'offline';

let lost = false;
const listeners = new Set<() => void>();

export const connection = {
  report(isLost: boolean): void {
    lost = isLost;
    listeners.forEach((listener) => listener());
  },
  read(): ConnectionState {
    if (!navigator.onLine) return 'offline';
    return lost ? 'reconnecting' : 'live';
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
