import type { ComponentProps } from 'react';
import { cx } from '../lib/cx.js';

const TONES = {
  neutral: 'bg-muted text-muted-foreground',
  accent: 'bg-accent-soft text-accent',
  success: 'bg-success-soft text-success',
  warning: 'bg-warning-soft text-warning',
  danger: 'bg-destructive-soft text-destructive',
} as const;
export type BadgeTone = keyof typeof TONES;

interface BadgeProps extends ComponentProps<'span'> {
  tone?: BadgeTone;
}

export const Badge = ({ tone = 'neutral', className, ...props }: BadgeProps) => (
  <span
    className={cx(
      'inline-flex h-5 items-center gap-1 rounded-full px-2 text-2xs font-medium whitespace-nowrap',
      TONES[tone],
      className,
    )}
    {...props}
  />
);
