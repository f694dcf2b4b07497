import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { cx } from '../lib/cx.js';
import { useReturnFocus } from '../lib/focus.js';

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  /** `full` is a column that fills the window; the others scroll when they are too high for it. */
  size?: keyof typeof SIZES;
}

const SIZES = {
  md: 'top-[18vh] max-h-[70vh] max-w-md overflow-y-auto',
  lg: 'top-[10vh] max-h-[84vh] max-w-lg overflow-y-auto',
  xl: 'top-[10vh] max-h-[84vh] max-w-xl overflow-y-auto',
  full: 'top-[6vh] flex h-[88dvh] max-w-5xl flex-col overflow-hidden',
};

/** A centred dialog. It keeps the focus; Escape or a click outside closes it. */
export function Dialog({ open, onOpenChange, title, description, children, size = 'md' }: DialogProps) {
  const returnFocus = useReturnFocus();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade-in bg-overlay" />
        <Radix.Content
          {...returnFocus}
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={cx(
            'fixed left-1/2 z-50 w-[calc(100vw-2rem)] -translate-x-1/2 animate-pop-in',
            'rounded-xl border bg-popover p-5 shadow-popover outline-none',
            SIZES[size],
          )}
        >
          <Radix.Title className="text-md font-semibold">{title}</Radix.Title>
          {description && (
            <Radix.Description className="mt-1 text-sm text-muted-foreground">
              {description}
            </Radix.Description>
          )}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export const DialogActions = ({ children }: { children: ReactNode }) => (
  <div className="mt-5 flex justify-end gap-2">{children}</div>
);
