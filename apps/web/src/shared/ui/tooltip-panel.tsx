import { Tooltip } from 'radix-ui';
import { type RefCallback, useEffect } from 'react';
import { Kbd } from './kbd.js';
import { Placed } from './placed.js';
import type { TooltipContent } from './tooltip-content.js';

interface TooltipPanelProps extends TooltipContent {
  /** The element that it describes. */
  element: HTMLElement;
  /** The page scrolls, or the person presses Escape or elsewhere. */
  onClose: () => void;
  onPointerEnter: () => void;
  onPointerLeave: () => void;
}

/** A tooltip that is shown. */
export function TooltipPanel({
  element,
  label,
  shortcut,
  side = 'bottom',
  onClose,
  ...pointer
}: TooltipPanelProps) {
  useEffect(() => {
    const onScroll = ({ target }: Event) => target instanceof Node && target.contains(element) && onClose();
    addEventListener('scroll', onScroll, { capture: true });
    return () => removeEventListener('scroll', onScroll, { capture: true });
  }, [element, onClose]);
  const describe: RefCallback<HTMLDivElement> = (panel) => {
    element.setAttribute('aria-describedby', panel?.querySelector('[role=tooltip]')?.id ?? '');
    return () => element.removeAttribute('aria-describedby');
  };
  return (
    <Tooltip.Provider>
      <Tooltip.Root open onOpenChange={onClose}>
        <Tooltip.Trigger asChild>
          <Placed at={element.getBoundingClientRect()} />
        </Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content
            {...pointer}
            ref={describe}
            side={side}
            sideOffset={6}
            collisionPadding={8}
            className="z-50 flex max-w-72 animate-fade-in items-center gap-2 rounded-md border bg-popover px-2 py-1 text-xs shadow-popover"
          >
            {label}
            {shortcut && <Kbd keys={shortcut} />}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  );
}
