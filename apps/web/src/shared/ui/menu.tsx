import type { LucideIcon } from 'lucide-react';
import { ContextMenu as RadixContext, DropdownMenu as RadixDropdown } from 'radix-ui';
import { type ReactElement, type ReactNode, useRef } from 'react';
import { cx } from '../lib/cx.js';

/** One entry. The same entries are shown by a button's menu and by a right click. */
interface MenuAction {
  label: string;
  icon?: LucideIcon;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

/** `null` draws a line between groups. */
export type MenuActions = (MenuAction | null)[];

const PANEL =
  'z-50 min-w-44 animate-pop-in rounded-lg border bg-popover p-1 shadow-popover max-h-(--radix-popper-available-height) overflow-y-auto';
const ENTRY =
  'flex h-8 items-center gap-2 pointer-coarse:h-11 rounded-md px-2 text-sm outline-none select-none data-disabled:opacity-45 data-highlighted:bg-hover';

interface EntriesProps {
  /** The parts of the kind of menu that the entries are in. */
  parts: Pick<typeof RadixDropdown | typeof RadixContext, 'Item' | 'Separator'>;
  actions: MenuActions;
  choose: (action: MenuAction) => void;
}

const Entries = ({ parts: { Item, Separator }, actions, choose }: EntriesProps) =>
  actions.map((action, index) => {
    if (action === null) return <Separator key={index} className="my-1 h-px bg-border" />;
    const { icon: Icon, label, danger, disabled } = action;
    return (
      <Item
        key={label}
        disabled={disabled}
        onSelect={() => choose(action)}
        className={cx(ENTRY, danger && 'text-destructive')}
      >
        {Icon && (
          <Icon aria-hidden className={cx('size-4', !danger && 'text-muted-foreground')} strokeWidth={1.75} />
        )}
        {label}
      </Item>
    );
  });

/**
 * An entry acts after the menu has returned the focus to its button, so that a dialog which it opens knows where to
 * return the focus.
 */
function useActAfterClose() {
  const chosen = useRef<MenuAction | null>(null);
  return {
    choose: (action: MenuAction) => {
      chosen.current = action;
    },
    onCloseAutoFocus: () => {
      const action = chosen.current;
      chosen.current = null;
      if (action) queueMicrotask(action.onSelect);
    },
  };
}

interface MenuProps {
  actions: MenuActions;
  /** The button that opens the menu, or the row to right-click. */
  children: ReactElement;
}

export function DropdownMenu({ actions, children, align = 'end' }: MenuProps & { align?: 'start' | 'end' }) {
  const { choose, onCloseAutoFocus } = useActAfterClose();
  return (
    <RadixDropdown.Root modal={false}>
      <RadixDropdown.Trigger asChild>{children}</RadixDropdown.Trigger>
      <RadixDropdown.Portal>
        <RadixDropdown.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onCloseAutoFocus}
          className={PANEL}
        >
          <Entries parts={RadixDropdown} actions={actions} choose={choose} />
        </RadixDropdown.Content>
      </RadixDropdown.Portal>
    </RadixDropdown.Root>
  );
}

export function ContextMenu({ actions, children }: MenuProps): ReactNode {
  const { choose, onCloseAutoFocus } = useActAfterClose();
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content collisionPadding={8} onCloseAutoFocus={onCloseAutoFocus} className={PANEL}>
          <Entries parts={RadixContext} actions={actions} choose={choose} />
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}
