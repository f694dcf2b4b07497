import { type RefCallback, useCallback, useState } from 'react';

/** The distance from the view, in pixels, that counts as near. */
const MARGIN = 800;
export const SCROLLER = '[class~="overflow-y-auto"]';

type OnNear = (near: boolean) => void;

/** One per list: thousands of observers would each look at the page for themselves. */
interface SharedObserver {
  observer: IntersectionObserver;
  listeners: Map<Element, OnNear>;
}
const observers = new WeakMap<Element, SharedObserver>();

/** Whether the element with this ref is in view or near it. */
export function useNearView(): [RefCallback<Element>, boolean] {
  const [near, setNear] = useState(false);
  const ref = useCallback((element: Element | null) => {
    const list = element?.closest(SCROLLER);
    if (!element || !list) return;
    const { observer, listeners } = observerOf(list);
    listeners.set(element, setNear);
    observer.observe(element);
    return () => {
      listeners.delete(element);
      observer.unobserve(element);
    };
  }, []);
  return [ref, near];
}

function observerOf(list: Element): SharedObserver {
  const known = observers.get(list);
  if (known) return known;
  const listeners = new Map<Element, OnNear>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
    },
    // The margin applies only to the root, so the root must be the element that scrolls.
    { root: list, rootMargin: `${MARGIN}px 0px` },
  );
  const shared = { observer, listeners };
  observers.set(list, shared);
  return shared;
}
