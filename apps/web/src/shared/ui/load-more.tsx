import { useEffect, useEffectEvent, useRef } from 'react';
import { Button } from './button.js';
import { Spinner } from './spinner.js';

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => unknown;
}

/** The end of a list: loads the next page when it comes into view. */
export function LoadMore({ query }: { query: Pages }) {
  const end = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError } = query;
  const wanted = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  const load = useEffectEvent(() => void query.fetchNextPage());

  useEffect(() => {
    const element = end.current;
    if (!element || !wanted) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && load(), {
      rootMargin: '200px',
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [wanted]);

  if (!hasNextPage) return null;
  return (
    <div ref={end} className="flex justify-center py-3 text-subtle-foreground">
      {isFetchNextPageError ? (
        <Button size="sm" variant="ghost" onClick={() => query.fetchNextPage()}>
          Load more
        </Button>
      ) : (
        <Spinner label="Loading more" />
      )}
    </div>
  );
}
