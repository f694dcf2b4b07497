import { type ReactNode, useId } from 'react';
import { cx } from '../lib/cx.js';

export interface FieldProps {
  label: string;
  hideLabel?: boolean | undefined;
  hint?: ReactNode;
  /** Takes the place of the hint. */
  error?: string | undefined;
  className?: string | undefined;
}

/** What ties an input to its label, and to the hint or error below it. */
interface TiedProps {
  id: string;
  'aria-invalid': true | undefined;
  'aria-describedby': string | undefined;
}

/** A label, the input that `children` renders, and a hint or an error. */
export function Field({
  label,
  hideLabel,
  hint,
  error,
  className,
  children,
}: FieldProps & { children: (tied: TiedProps) => ReactNode }) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={className}>
      <label htmlFor={id} className={cx('mb-1.5 block text-xs font-medium', hideLabel && 'sr-only')}>
        {label}
      </label>
      {children({
        id,
        'aria-invalid': error ? true : undefined,
        'aria-describedby': note ? `${id}-note` : undefined,
      })}
      {note && (
        <p
          id={`${id}-note`}
          role={error ? 'alert' : undefined}
          className={cx('mt-1.5 text-xs', error ? 'text-destructive' : 'text-muted-foreground')}
        >
          {note}
        </p>
      )}
    </div>
  );
}

/** How an input looks that stands in a form. */
export const FIELD_STYLE =
  'w-full rounded-lg border border-input bg-background px-2.5 outline-none focus:border-accent focus:ring-2 focus:ring-ring/30 aria-invalid:border-destructive';
