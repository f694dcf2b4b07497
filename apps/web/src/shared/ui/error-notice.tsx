import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { toApiError } from '../api/api-error.js';
import { cx } from '../lib/cx.js';
import { Button } from './button.js';

interface ErrorNoticeProps {
  /** Anything that was thrown. Errors of the API say what to do. */
  error: unknown;
  onRetry?: () => void;
  /** Further buttons. */
  actions?: ReactNode;
  className?: string;
}

/** A failure, where it happened, with what to do. */
export function ErrorNotice({ error, onRetry, actions, className }: ErrorNoticeProps) {
  const { title, detail } = toApiError(error);
  return (
    <div
      role="alert"
      className={cx(
        'flex gap-2.5 rounded-lg border border-destructive/25 bg-destructive-soft px-3 py-2.5',
        className,
      )}
    >
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-destructive" aria-hidden />
      <div className="min-w-0 flex-1 text-sm">
        <p className="font-medium">{title}</p>
        <p className="break-words text-muted-foreground">{detail}</p>
        {(onRetry || actions) && (
          <div className="mt-2 flex flex-wrap gap-2">
            {onRetry && (
              <Button size="sm" onClick={onRetry}>
                Try again
              </Button>
            )}
            {actions}
          </div>
        )}
      </div>
    </div>
  );
}
