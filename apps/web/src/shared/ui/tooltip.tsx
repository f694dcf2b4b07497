import { Slot } from 'radix-ui';
import { type FocusEvent, type PointerEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import { later } from './later.js';
import type { TooltipContent } from './tooltip-panel.js';

// Every button with an icon has a tooltip, and a page shows its answer without any: the panel is loaded for who points
// at the first one.
const TooltipPanel = later(async () => (await import('./tooltip-panel.js')).TooltipPanel);

const DELAY_MS = 450;
/** The next tooltip shows without a delay, this long after the last one. */
const NEXT_MS = 200;
/** Time to move the pointer from the element into its tooltip. */
const LEAVE_MS = 120;
let lastHiddenAt = -NEXT_MS;

export function Tooltip({ children, ...content }: TooltipContent & { children: ReactElement }) {
  const { shown, trigger, panel } = useHover();
  return (
    <>
      <Slot.Root {...trigger}>{children}</Slot.Root>
      {shown && <TooltipPanel {...content} {...panel} element={shown} />}
    </>
  );
}

/** Shows the tooltip for a pointer that rests on the element, and for the focus of the keyboard. */
function useHover() {
  const [shown, setShown] = useState<HTMLElement | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const after = (ms: number, change: () => void) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(change, ms);
  };
  const keep = () => clearTimeout(timer.current);
  const hide = () => {
    keep();
    if (shown) lastHiddenAt = performance.now();
    setShown(null);
  };
  const show = (element: HTMLElement, ms: number) => {
    TooltipPanel.prepare();
    after(ms, () => setShown(element));
  };
  const trigger = {
    onPointerEnter: ({ currentTarget, pointerType }: PointerEvent<HTMLElement>) => {
      const follows = performance.now() - lastHiddenAt < NEXT_MS;
      if (pointerType !== 'touch') show(currentTarget, follows ? 0 : DELAY_MS);
    },
    onPointerLeave: () => after(LEAVE_MS, hide),
    onFocus: ({ currentTarget }: FocusEvent<HTMLElement>) => {
      if (currentTarget.matches(':focus-visible')) show(currentTarget, 0);
    },
    onBlur: hide,
    onPointerDown: hide,
    onClick: hide,
  };
  return { shown, trigger, panel: { onClose: hide, onPointerEnter: keep, onPointerLeave: hide } };
}
