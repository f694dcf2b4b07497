import { ChevronRight } from 'lucide-react';
import { useCallback, useId, useReducer } from 'react';
import { cx } from '../lib/cx.js';

/** What the reader has opened or closed. It outlives the rows, which are unmounted when the conversation scrolls. */
const remembered = new Map<string, boolean>();

/**
 * A part of the page that a button shows and hides: spread `trigger` on the button and give the part `bodyId`.
 * @param key identifies the part while the page is open, so that it stays as the reader left it
 * @param initial whether it is open until the reader decides
 */
export function useDisclosure(key: string, initial = false) {
  const { isOpen, setOpen } = useDisclosures();
  const open = isOpen(key) ?? initial;
  const bodyId = useId();
  const trigger = {
    type: 'button',
    'aria-expanded': open,
    'aria-controls': bodyId,
    onClick: () => setOpen(key, !open),
  } as const;
  return { open, trigger, bodyId };
}

/** The disclosures of a list that itself decides which of its rows to render. */
export function useDisclosures() {
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  const setOpen = useCallback((key: string, open: boolean) => {
    remembered.set(key, open);
    renderAgain();
  }, []);
  return { isOpen, setOpen };
}

/** undefined: the reader has not decided. */
const isOpen = (key: string): boolean | undefined => remembered.get(key);

/** The parts that the reader has opened, of all whose key begins like this; their keys without the beginning. */
export function openedBelow(prefix: string): ReadonlySet<string> {
  const opened = new Set<string>();
  for (const [key, open] of remembered) {
    if (open && key.startsWith(prefix)) opened.add(key.slice(prefix.length));
  }
  return opened;
}

/** The arrow on the button: it points down while the part is shown. */
export const DisclosureArrow = ({ open, className }: { open: boolean; className: string }) => (
  <ChevronRight
    aria-hidden
    className={cx('shrink-0 transition-[rotate,opacity] duration-150', open && 'rotate-90', className)}
  />
);
