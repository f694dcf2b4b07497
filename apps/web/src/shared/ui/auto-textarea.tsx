import type { ComponentProps } from 'react';
import { cx } from '../lib/cx.js';

/** A textarea that grows with its text up to its `max-h-*`. */
export const AutoTextarea = ({ className, ...props }: ComponentProps<'textarea'>) => (
  <textarea
    rows={1}
    className={cx('block field-sizing-content w-full resize-none outline-none', className)}
    {...props}
  />
);
