import type { ComponentProps } from 'react';
import { cx } from '../lib/cx.js';
import { AutoTextarea } from './auto-textarea.js';
import { Field, FIELD_STYLE, type FieldProps } from './field.js';

type TextAreaFieldProps = FieldProps &
  Omit<ComponentProps<'textarea'>, keyof FieldProps> & {
    /** Of the textarea: its height and font. */
    inputClassName?: string;
  };

/** A labelled field for several lines with a hint or an error. It grows with its text. */
export const TextAreaField = ({
  label,
  hideLabel,
  hint,
  error,
  className,
  inputClassName = 'max-h-48 min-h-20 text-sm',
  ...props
}: TextAreaFieldProps) => (
  <Field {...{ label, hideLabel, hint, error, className }}>
    {(tied) => (
      <AutoTextarea
        {...tied}
        className={cx(FIELD_STYLE, 'overflow-y-auto py-1.5', inputClassName)}
        {...props}
      />
    )}
  </Field>
);
