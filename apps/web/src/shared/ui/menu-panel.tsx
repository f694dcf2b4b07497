import { Check, type LucideIcon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { type RefCallback, useRef } from 'react';
import { cx } from '../lib/cx.js';
import { Placed } from './placed.js';

/** One entry. The same entries are shown by a button's menu and by a right click. */
interface MenuAction {
  label: string;
  icon?: LucideIcon;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  /** One of several, of which one is chosen. */
  checked?: boolean;
}

/** `null` draws a line between groups. */
export type MenuActions = (MenuAction | null)[];

/** Where a menu was opened. */
export interface OpenedMenu {
  /** It gets the focus back. */
  readonly trigger: HTMLElement;
  /** What the menu is placed at, in pixels of the window. */
  readonly place: Pick<DOMRect, 'left' | 'top' | 'width' | 'height'>;
  /** The first entry gets the focus. */
  readonly byKeyboard: boolean;
}

const PANEL =
  'z-50 min-w-44 animate-pop-in rounded-lg border bg-popover p-1 shadow-popover max-h-(--radix-popper-available-height) overflow-y-auto';
const ENTRY =
  'flex h-8 items-center gap-2 pointer-coarse:h-11 rounded-md px-2 text-sm outline-none select-none data-disabled:opacity-45 data-highlighted:bg-hover';

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
    if (byKeyboard) panel?.querySelector<HTMLElement>('[role^=menuitem]:not([data-disabled])')?.focus();
  };
  const wentElsewhere = useRef(false);
  const onInteractOutside = (event: Event) => {
    // A click of the trigger closes the menu itself.
    if (event.target instanceof Node && trigger.contains(event.target)) event.preventDefault();
    else wentElsewhere.current = true;
  };
  const onCloseAutoFocus = (event: Event) => {
    event.preventDefault();
    if (!wentElsewhere.current) trigger.focus({ preventScroll: true });
    const action = chosen.current;
    if (action) queueMicrotask(action.onSelect);
  };
  return (
    // Not modal: that would hide the rest of the page, with the focus in it, from assistive technology.
    <DropdownMenu.Root open modal={false} onOpenChange={onClose}>
      <DropdownMenu.Trigger asChild>
        <Placed at={place} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          ref={focusFirst}
          aria-label={trigger.getAttribute('aria-label') ?? trigger.textContent}
          aria-labelledby={undefined}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onInteractOutside={onInteractOutside}
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
  const { icon: Icon, label, danger, disabled, checked } = action;
  return (
    <DropdownMenu.Item
      disabled={disabled}
      onSelect={onSelect}
      {...(checked !== undefined && { role: 'menuitemradio', 'aria-checked': checked })}
      className={cx(ENTRY, danger && 'text-destructive')}
    >
      {Icon && (
        <Icon aria-hidden className={cx('size-4', !danger && 'text-muted-foreground')} strokeWidth={1.75} />
      )}
      <span className="max-w-64 flex-1 truncate">{label}</span>
      {checked && <Check aria-hidden className="size-4" strokeWidth={1.75} />}
    </DropdownMenu.Item>
  );
}
