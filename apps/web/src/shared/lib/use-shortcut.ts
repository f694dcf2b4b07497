import { useEffect, useEffectEvent } from 'react';

/** Calls `action` on ⌘/Ctrl + `key` (and Shift if `shift` is set), wherever the focus is. */
export function useShortcut(key: string, action: () => void, { shift = false } = {}): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const matches = event.key.toLowerCase() === key && event.shiftKey === shift && !event.altKey;
    if (!matches || !(event.metaKey || event.ctrlKey)) return;
    event.preventDefault();
    action();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, []);
}
