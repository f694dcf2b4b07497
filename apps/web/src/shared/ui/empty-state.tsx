import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from '../lib/cx.js';

interface EmptyStateProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  /** What the person can do: a button. */
  action?: ReactNode;
  className?: string;
}

export function EmptyState({ icon: Icon, title, children, action, className }: EmptyStateProps) {
  return (
    <div
      className={cx('flex flex-col items-center justify-center gap-1.5 px-6 py-10 text-center', className)}
    >
      <div className="mb-2 flex size-10 items-center justify-center rounded-xl border bg-card text-muted-foreground shadow-xs">
        <Icon className="size-4.5" strokeWidth={1.75} aria-hidden />
      </div>
      <h2 className="text-base font-medium">{title}</h2>
      {children && <div className="max-w-80 text-sm text-balance text-muted-foreground">{children}</div>}
      {action && <div className="mt-3 flex gap-2">{action}</div>}
    </div>
  );
}
