import { type ComponentProps, type ReactNode, useId } from 'react';
import { cx } from '../lib/cx.js';

interface TextFieldProps extends ComponentProps<'input'> {
  label: string;
  hideLabel?: boolean;
  hint?: ReactNode;
  error?: string;
}

/** A labelled text field with a hint or an error. */
export function TextField({ label, hideLabel, hint, error, className, ...props }: TextFieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={className}>
      <label htmlFor={id} className={cx('mb-1.5 block text-xs font-medium', hideLabel && 'sr-only')}>
        {label}
      </label>
      <input
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={note ? `${id}-note` : undefined}
        className={cx(
          'h-8 w-full pointer-coarse:h-11 rounded-lg border border-input bg-background px-2.5 text-sm outline-none',
          'focus:border-accent focus:ring-2 focus:ring-ring/30 aria-invalid:border-destructive',
        )}
        {...props}
      />
      {note && (
        <p
          id={`${id}-note`}
          className={cx('mt-1.5 text-xs', error ? 'text-destructive' : 'text-muted-foreground')}
        >
          {note}
        </p>
      )}
    </div>
  );
}
