import type { ComponentProps } from 'react';
import { cx } from '../lib/cx.js';
import { Tooltip } from './tooltip.js';

const SIZES = {
  sm: 'size-6 rounded-md [&_svg]:size-3.5 pointer-coarse:size-11',
  md: 'size-8 rounded-lg [&_svg]:size-4 pointer-coarse:size-11',
  round: 'size-8 rounded-full [&_svg]:size-4 pointer-coarse:size-11',
} as const;

const VARIANTS = {
  ghost: 'text-muted-foreground hover:bg-hover hover:text-foreground data-[state=open]:bg-hover',
  primary: 'bg-primary text-primary-foreground shadow-xs hover:opacity-88 disabled:bg-foreground/25',
} as const;

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'aria-label'> {
  /** The accessible name, also shown as a tooltip. */
  label: string;
  /** The keyboard shortcut, shown in the tooltip. */
  shortcut?: string[];
  size?: keyof typeof SIZES;
  variant?: keyof typeof VARIANTS;
  side?: 'top' | 'right' | 'bottom' | 'left';
}

export function IconButton({
  label,
  shortcut,
  size = 'md',
  variant = 'ghost',
  side,
  className,
  ...props
}: IconButtonProps) {
  return (
    <Tooltip label={label} shortcut={shortcut} side={side}>
      <button
        type="button"
        aria-label={label}
        className={cx(
          'inline-flex shrink-0 items-center justify-center transition-[background-color,color,opacity] duration-100',
          'disabled:pointer-events-none disabled:opacity-45',
          SIZES[size],
          VARIANTS[variant],
          className,
        )}
        {...props}
      />
    </Tooltip>
  );
}
