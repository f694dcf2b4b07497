import { useCallback, useState } from 'react';

/** What the reader has opened or closed. It outlives the rows, which are unmounted when the conversation scrolls. */
const remembered = new Map<string, boolean>();

export function useDisclosure(key: string, initial = false): { open: boolean; toggle: () => void } {
  const [open, setOpen] = useState(() => remembered.get(key) ?? initial);
  const toggle = useCallback(() => {
    setOpen((before) => {
      remembered.set(key, !before);
      return !before;
    });
  }, [key]);
  return { open, toggle };
}
