import { Slot } from 'radix-ui';
import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactElement,
  useEffect,
  useRef,
  useState,
} from 'react';
import { later } from './later.js';
import type { MenuActions, OpenedMenu } from './menu-panel.js';

export type { MenuActions };

// A list has a menu in every row, and a page shows its answer without any: the panel is loaded for who is about to use it.
const MenuPanel = later(async () => (await import('./menu-panel.js')).MenuPanel);

interface MenuProps {
  actions: MenuActions;
  /** The button that opens the menu, or the row to right-click. */
  children: ReactElement;
}

/** Without actions there is no button either. */
export function DropdownMenu({ actions, children, align = 'end' }: MenuProps & { align?: 'start' | 'end' }) {
  const [opened, setOpened] = useState<OpenedMenu | null>(null);
  const open = (trigger: HTMLElement, byKeyboard: boolean) =>
    setOpened({ trigger, place: trigger.getBoundingClientRect(), byKeyboard });
  if (actions.length === 0) return null;
  return (
    <>
      <Slot.Root
        aria-haspopup="menu"
        aria-expanded={opened !== null}
        data-state={opened ? 'open' : 'closed'}
        onPointerEnter={MenuPanel.prepare}
        onFocus={MenuPanel.prepare}
        // A click that a key causes has no pointer, and so a count of 0.
        onClick={({ currentTarget, detail }: MouseEvent<HTMLElement>) =>
          opened ? setOpened(null) : open(currentTarget, detail === 0)
        }
        onKeyDown={(event: KeyboardEvent<HTMLElement>) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          open(event.currentTarget, true);
        }}
      >
        {children}
      </Slot.Root>
      {opened && (
        <MenuPanel opened={opened} align={align} actions={actions} onClose={() => setOpened(null)} />
      )}
    </>
  );
}

export function ContextMenu({ actions, children }: MenuProps) {
  const [opened, setOpened] = useState<OpenedMenu | null>(null);
  const open = (trigger: HTMLElement, left: number, top: number) =>
    setOpened({ trigger, place: { left, top, width: 0, height: 0 }, byKeyboard: false });
  const longPress = useLongPress((trigger, { x, y }) => open(trigger, x, y));
  if (actions.length === 0) return children;
  return (
    <>
      <Slot.Root
        {...longPress}
        data-state={opened ? 'open' : 'closed'}
        onPointerEnter={MenuPanel.prepare}
        onContextMenu={(event: MouseEvent<HTMLElement>) => {
          event.preventDefault();
          open(event.currentTarget, event.clientX, event.clientY);
        }}
      >
        {children}
      </Slot.Root>
      {opened && (
        <MenuPanel opened={opened} align="start" actions={actions} onClose={() => setOpened(null)} />
      )}
    </>
  );
}

const LONG_PRESS_MS = 700;

/** A finger that rests on a row, where the browser itself reports no right click for it. */
function useLongPress(onLongPress: (trigger: HTMLElement, at: { x: number; y: number }) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const cancel = () => clearTimeout(timer.current);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    style: { WebkitTouchCallout: 'none' },
    onPointerDown: ({ pointerType, currentTarget, clientX: x, clientY: y }: PointerEvent<HTMLElement>) => {
      cancel();
      if (pointerType === 'mouse') return;
      timer.current = setTimeout(() => onLongPress(currentTarget, { x, y }), LONG_PRESS_MS);
    },
    onPointerMove: cancel,
    onPointerUp: cancel,
    onPointerCancel: cancel,
  } as const;
}
