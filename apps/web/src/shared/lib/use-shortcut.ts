import { useEffect, useEffectEvent } from 'react';

interface ShortcutOptions {
  shift?: boolean;
  /** Without ⌘/Ctrl, such as `?`. It is then a letter wherever text can be typed, and no shortcut. */
  plain?: boolean;
  /** Else the key does what the browser does. */
  when?: () => boolean;
}

/** Calls `action` on ⌘/Ctrl + `key`, wherever the focus is. */
export function useShortcut(
  key: string,
  action: () => void,
  { shift = false, plain = false, when = () => true }: ShortcutOptions = {},
): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const modified = event.metaKey || event.ctrlKey;
    const matches = plain
      ? event.key === key && !modified && !isTyping()
      : event.key.toLowerCase() === key && event.shiftKey === shift && modified;
    if (!matches || event.altKey || event.isComposing || !when()) return;
    event.preventDefault();
    action();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, []);
}

const FIELD = 'input, textarea, select, [contenteditable]';
const isTyping = (): boolean => document.activeElement?.matches(FIELD) === true;

/** The focus is in a field that has text, which the browser's own undo is about. */
export function hasTypedText(): boolean {
  const field = document.activeElement;
  return field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement
    ? field.value !== ''
    : false;
}
