import { useCallback, useState } from 'react';

/** A small value kept in this browser. If storage is blocked, it is just not kept. */
export const stored = {
  read: (key: string): string | null => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  /** Of everything that is kept. */
  keys: (): string[] => {
    try {
      return Object.keys(localStorage);
    } catch {
      return [];
    }
  },
  write: (key: string, value: string | null): void => {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      return;
    }
  },
};

/** A `useState` whose text survives a reload. An empty text is not stored. */
export function useStoredText(key: string, initial = ''): [string, (value: string) => void] {
  const [value, setValue] = useState(() => stored.read(key) ?? initial);
  const change = useCallback(
    (next: string) => {
      setValue(next);
      stored.write(key, next || null);
    },
    [key],
  );
  return [value, change];
}
