import { ChevronRight } from 'lucide-react';
import { useCallback, useId, useState } from 'react';
import { cx } from '../lib/cx.js';

/** What the reader has opened or closed. It outlives the rows, which are unmounted when the conversation scrolls. */
const remembered = new Map<string, boolean>();

/**
 * A part of the page that a button shows and hides: spread `trigger` on the button and give the part `bodyId`.
 * @param key identifies the part while the page is open, so that it stays as the reader left it
 */
export function useDisclosure(key: string, initial = false) {
  const [open, setOpen] = useState(() => remembered.get(key) ?? initial);
  const bodyId = useId();
  const toggle = useCallback(() => {
    setOpen((before) => {
      remembered.set(key, !before);
      return !before;
    });
  }, [key]);
  const trigger = {
    type: 'button',
    'aria-expanded': open,
    'aria-controls': bodyId,
    onClick: toggle,
  } as const;
  return { open, trigger, bodyId };
}

/** The arrow on the button: it points down while the part is shown. */
export const DisclosureArrow = ({ open, className }: { open: boolean; className: string }) => (
  <ChevronRight
    aria-hidden
    className={cx('shrink-0 transition-[rotate,opacity] duration-150', open && 'rotate-90', className)}
  />
);
