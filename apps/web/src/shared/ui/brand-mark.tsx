import { cx } from '../lib/cx.js';

/** The product's logo: a prompt and its cursor. */
export const BrandMark = ({ className = 'size-6' }: { className?: string }) => (
  <svg viewBox="0 0 32 32" fill="none" aria-hidden className={cx('shrink-0', className)}>
    <rect width="32" height="32" rx="8.5" className="fill-primary" />
    <g strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
      <path d="M9.5 11.5 14 16l-4.5 4.5" className="stroke-primary-foreground" />
      <path d="M17 20.5h6" className="stroke-accent" />
    </g>
  </svg>
);
