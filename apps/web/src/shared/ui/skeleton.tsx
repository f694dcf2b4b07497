import { cx } from '../lib/cx.js';

/** A grey bar where a text will stand. Give it its size; put it in something with `aria-busy`. */
export const Skeleton = ({ className }: { className?: string }) => (
  <div aria-hidden className={cx('animate-pulse-soft rounded-md bg-muted', className)} />
);
