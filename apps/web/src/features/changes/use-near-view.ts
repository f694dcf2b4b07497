import { type RefCallback, useCallback, useState } from 'react';

/** How far outside of the view, in pixels, counts as near. */
const MARGIN = 800;
const SCROLLER = '[class~="overflow-y-auto"]';

/** Whether the element that the ref is put on is in view or will soon be. */
export function useNearView(): [RefCallback<Element>, boolean] {
  const [near, setNear] = useState(false);
  const ref = useCallback((element: Element | null) => {
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), {
      // The margin only counts for the root: it has to be what scrolls.
      root: element.closest(SCROLLER),
      rootMargin: `${MARGIN}px 0px`,
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, near];
}
