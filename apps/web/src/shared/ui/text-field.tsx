import type { ComponentProps } from 'react';
import { cx } from '../lib/cx.js';
import { Field, FIELD_STYLE, type FieldProps } from './field.js';

type TextFieldProps = FieldProps & Omit<ComponentProps<'input'>, keyof FieldProps>;

/** A labelled text field with a hint or an error. */
export const TextField = ({ label, hideLabel, hint, error, className, ...props }: TextFieldProps) => (
  <Field {...{ label, hideLabel, hint, error, className }}>
    {(tied) => <input {...tied} className={cx('h-8 text-sm pointer-coarse:h-11', FIELD_STYLE)} {...props} />}
  </Field>
);
