import { useCallback, useState } from 'react';

/** A small value kept in this browser; a blocked storage only means that it is forgotten. */
export const stored = {
  read: (key: string): string | null => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
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

/** `useState` whose text survives a reload; the empty text is not stored. */
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
