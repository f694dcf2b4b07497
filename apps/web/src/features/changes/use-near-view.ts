import { type RefCallback, useCallback, useState } from 'react';

/** The distance from the view, in pixels, that counts as near. */
const MARGIN = 800;
export const SCROLLER = '[class~="overflow-y-auto"]';

/** Whether the element with this ref is in view or near it. */
export function useNearView(): [RefCallback<Element>, boolean] {
  const [near, setNear] = useState(false);
  const ref = useCallback((element: Element | null) => {
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), {
      // The margin applies only to the root, so the root must be the element that scrolls.
      root: element.closest(SCROLLER),
      rootMargin: `${MARGIN}px 0px`,
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, near];
}
