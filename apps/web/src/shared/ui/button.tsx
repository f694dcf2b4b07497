import { Slot } from 'radix-ui';
import type { ComponentProps } from 'react';
import { cx } from '../lib/cx.js';
import { Spinner } from './spinner.js';

const VARIANTS = {
  primary: 'bg-primary text-primary-foreground shadow-xs hover:opacity-88',
  secondary: 'border bg-card shadow-xs hover:bg-muted',
  ghost: 'text-muted-foreground hover:bg-hover hover:text-foreground data-[state=open]:bg-hover',
  danger: 'bg-destructive text-background shadow-xs hover:opacity-90',
} as const;

const SIZES = {
  sm: 'h-7 gap-1.5 rounded-md px-2.5 text-xs',
  md: 'h-8 gap-1.5 rounded-lg px-3 text-sm',
  lg: 'h-9 gap-2 rounded-lg px-4 text-sm',
} as const;

export interface ButtonProps extends ComponentProps<'button'> {
  variant?: keyof typeof VARIANTS;
  size?: keyof typeof SIZES;
  /** Shows a spinner and ignores clicks. */
  busy?: boolean;
  /** Styles its only child, such as a link, instead of rendering a button. */
  asChild?: boolean;
}

export function Button({
  variant = 'secondary',
  size = 'md',
  busy = false,
  asChild = false,
  className,
  disabled,
  children,
  ...props
}: ButtonProps) {
  const looks = cx(
    'inline-flex shrink-0 items-center justify-center font-medium whitespace-nowrap select-none',
    'transition-[background-color,color,opacity] duration-100 disabled:pointer-events-none disabled:opacity-45 pointer-coarse:h-11',
    '[&_svg]:size-4 [&_svg]:shrink-0',
    VARIANTS[variant],
    SIZES[size],
    className,
  );
  if (asChild) {
    return (
      <Slot.Root className={looks} {...props}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button
      type="button"
      className={looks}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...props}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
