import { ChevronDown, type LucideIcon } from 'lucide-react';
import { Popover } from 'radix-ui';
import type { ReactNode } from 'react';
import { cx } from '../../shared/lib/cx.js';

interface ChipFieldProps {
  /** The name of the field. Together with the value it is the accessible name. */
  name: string;
  icon: LucideIcon;
  /** The chosen value. */
  text: string;
  /** Nothing is chosen, and the text is the default. */
  muted?: boolean;
  invalid: boolean;
  /** A wider panel. */
  wide?: boolean;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Called when the panel closes. Prevent the default to move the focus elsewhere than to the button. */
  onCloseAutoFocus?: (event: Event) => void;
  children: ReactNode;
}

/** A small button that shows a choice and opens a panel to change it. */
export function ChipField({
  name,
  icon: Icon,
  text,
  muted,
  invalid,
  wide,
  open,
  onOpenChange,
  onCloseAutoFocus,
  children,
}: ChipFieldProps) {
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger asChild>
        <button
          type="button"
          aria-label={`${name}: ${text}${invalid ? ', not valid' : ''}`}
          className={cx(
            'inline-flex h-8 max-w-56 min-w-0 items-center max-sm:shrink-0 pointer-coarse:h-11 gap-1.5 rounded-lg px-2 text-sm hover:bg-hover data-[state=open]:bg-hover',
            muted && !invalid && 'text-muted-foreground',
            invalid && 'bg-destructive-soft text-destructive',
          )}
        >
          <Icon aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
          <span className="truncate">{text}</span>
          <ChevronDown aria-hidden className="size-3 shrink-0 opacity-60" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={12}
          aria-label={name}
          onCloseAutoFocus={onCloseAutoFocus}
          className={cx(
            'z-40 max-h-(--radix-popover-content-available-height) animate-pop-in overflow-x-hidden overflow-y-auto rounded-xl border bg-popover shadow-popover outline-none',
            wide ? 'w-[min(30rem,calc(100vw-1.5rem))]' : 'w-[min(24rem,calc(100vw-1.5rem))]',
          )}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
