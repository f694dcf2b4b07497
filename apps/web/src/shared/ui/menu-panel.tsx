import { DropdownMenu } from 'radix-ui';
import { type RefCallback, useRef } from 'react';
import { cx } from '../lib/cx.js';
import type { MenuAction, MenuActions, OpenedMenu } from './menu-actions.js';
import { Placed } from './placed.js';

const PANEL =
  'z-50 min-w-44 animate-pop-in rounded-lg border bg-popover p-1 shadow-popover max-h-(--radix-popper-available-height) overflow-y-auto';
const ENTRY =
  'flex h-8 items-center gap-2 rounded-md px-2 text-sm outline-none select-none data-disabled:opacity-45 data-highlighted:bg-hover';

interface MenuPanelProps {
  opened: OpenedMenu;
  align: 'start' | 'end';
  actions: MenuActions;
  onClose: () => void;
}

/**
 * An open menu. An entry acts after the menu has returned the focus to its trigger, so that a dialog which it opens knows
 * where to return the focus.
 */
export function MenuPanel({ opened, align, actions, onClose }: MenuPanelProps) {
  const { trigger, place, byKeyboard } = opened;
  const chosen = useRef<MenuAction | null>(null);
  const focusFirst: RefCallback<HTMLDivElement> = (panel) => {
    if (byKeyboard) panel?.querySelector<HTMLElement>('[role=menuitem]:not([data-disabled])')?.focus();
  };
  const onCloseAutoFocus = (event: Event) => {
    event.preventDefault();
    trigger.focus({ preventScroll: true });
    const action = chosen.current;
    if (action) queueMicrotask(action.onSelect);
  };
  return (
    <DropdownMenu.Root open onOpenChange={onClose}>
      <DropdownMenu.Trigger asChild>
        <Placed at={place} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          ref={focusFirst}
          aria-label={trigger.getAttribute('aria-label') ?? trigger.textContent ?? undefined}
          aria-labelledby={undefined}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onCloseAutoFocus}
          className={PANEL}
        >
          {actions.map((action, index) =>
            action === null ? (
              <DropdownMenu.Separator key={index} className="my-1 h-px bg-border" />
            ) : (
              <Entry key={action.label} action={action} onSelect={() => (chosen.current = action)} />
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Entry({ action, onSelect }: { action: MenuAction; onSelect: () => void }) {
  const { icon: Icon, label, danger, disabled } = action;
  return (
    <DropdownMenu.Item
      disabled={disabled}
      onSelect={onSelect}
      className={cx(ENTRY, danger && 'text-destructive')}
    >
      {Icon && (
        <Icon aria-hidden className={cx('size-4', !danger && 'text-muted-foreground')} strokeWidth={1.75} />
      )}
      {label}
    </DropdownMenu.Item>
  );
}
