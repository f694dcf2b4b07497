import { File } from 'lucide-react';
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { cx } from '../../shared/lib/cx.js';
import { VisibleText } from '../../shared/ui/visible-text.js';

interface PathListProps {
  id: string;
  /** The list stands above it, as wide. */
  box: RefObject<HTMLElement | null>;
  paths: readonly string[];
  active: number;
  onActive: (index: number) => void;
  onChoose: (path: string) => void;
}

/** The paths that fit what stands behind the `@`. */
export function PathList({ id, box, paths, active, onActive, onChoose }: PathListProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  const place = usePlaceAbove(box);
  // On the page's top level: what is around the composer cuts off what is above it.
  return createPortal(
    <div
      style={place}
      className="fixed z-50 animate-pop-in overflow-hidden rounded-xl border bg-popover shadow-popover"
    >
      <p role="status" className="sr-only">
        {`${paths.length} ${paths.length === 1 ? 'file' : 'files'}. Up and down arrows choose, Enter inserts.`}
      </p>
      <div ref={list} id={id} role="listbox" aria-label="Files" className="max-h-60 overflow-y-auto p-1">
        {paths.map((path, index) => {
          const slash = path.lastIndexOf('/') + 1;
          return (
            <button
              key={path}
              id={`${id}/${index}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              // The field keeps the focus, and on a phone the keyboard stays.
              onPointerDown={(event) => event.preventDefault()}
              onPointerMove={() => index !== active && onActive(index)}
              onClick={() => onChoose(path)}
              className={cx(
                'flex min-h-8 w-full cursor-default items-center gap-2 rounded-lg px-2 text-left text-sm pointer-coarse:min-h-11',
                index === active && 'bg-hover',
              )}
            >
              <File aria-hidden className="size-3.5 shrink-0 text-subtle-foreground" strokeWidth={1.75} />
              <span className="min-w-0 truncate">
                <VisibleText>{path.slice(slash)}</VisibleText>
              </span>
              {slash > 0 && (
                <span className="min-w-0 flex-1 truncate text-xs text-subtle-foreground">
                  <VisibleText>{path.slice(0, slash - 1)}</VisibleText>
                </span>
              )}
            </button>
          );
        })}
      </div>
    </div>,
    document.body,
  );
}

const GAP = 8;

/** In pixels of the window. The box may grow with every letter. */
function usePlaceAbove(box: RefObject<HTMLElement | null>) {
  const [place, setPlace] = useState({ left: 0, width: 0, bottom: 0 });
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    if (!box.current) return;
    const { left, width, top } = box.current.getBoundingClientRect();
    const bottom = innerHeight - top + GAP;
    if (left !== place.left || width !== place.width || bottom !== place.bottom)
      setPlace({ left, width, bottom });
  });
  return place;
}
