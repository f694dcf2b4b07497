import { cx } from '../lib/cx.js';

/** A grey bar in place of text that is loading. Give it a size, and put it in an element with `aria-busy`. */
export const Skeleton = ({ className }: { className?: string }) => (
  <div aria-hidden className={cx('animate-pulse-soft rounded-md bg-muted', className)} />
);
