import type { ComponentProps } from 'react';
import { createPortal } from 'react-dom';

interface PlacedProps extends ComponentProps<'span'> {
  /** In pixels of the window. */
  at: Pick<DOMRect, 'left' | 'top' | 'width' | 'height'>;
}

/**
 * What a floating panel is placed at, where the element itself cannot have the library's parts around it. In the body,
 * since a row of a list that is moved would move it too.
 */
export const Placed = ({ at: { left, top, width, height }, ...props }: PlacedProps) =>
  createPortal(
    <span
      {...props}
      role="presentation"
      aria-hidden
      tabIndex={-1}
      className="pointer-events-none fixed"
      style={{ left, top, width, height }}
    />,
    document.body,
  );
