import { cx } from '../lib/cx.js';

interface SpinnerProps {
  /** Leave it out if the text beside the spinner says the same. */
  label?: string;
  /** The size, and the colour if it differs from the text's. */
  className?: string;
}

export function Spinner({ label, className = 'size-4' }: SpinnerProps) {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      className={cx('shrink-0 animate-spin', className)}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      <circle cx="8" cy="8" r="6.25" stroke="currentColor" strokeWidth="1.75" opacity="0.2" />
      <path
        d="M14.25 8A6.25 6.25 0 0 0 8 1.75"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeLinecap="round"
      />
    </svg>
  );
}
