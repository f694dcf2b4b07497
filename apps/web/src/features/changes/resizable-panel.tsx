import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react';
import { stored } from '../../shared/lib/stored.js';

const KEY = 'changes-width';
const MIN = 340;
/** The minimum width of the column beside it. */
const OTHER_MIN = 420;
const STEP = 40;

/** A column on the right whose left border can be dragged or moved with the arrow keys. It remembers its width. */
export function ResizablePanel({ label, children }: { label: string; children: ReactNode }) {
  const panel = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(() => Number(stored.read(KEY)) || defaultWidth());

  const resize = (wanted: number) => {
    const room = panel.current?.parentElement?.clientWidth ?? window.innerWidth;
    const next = Math.round(Math.max(MIN, Math.min(wanted, room - OTHER_MIN)));
    setWidth(next);
    stored.write(KEY, String(next));
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !panel.current) return;
    resize(panel.current.getBoundingClientRect().right - event.clientX);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    resize(width + (event.key === 'ArrowLeft' ? STEP : -STEP));
  };

  return (
    <section
      ref={panel}
      aria-label={label}
      style={{ width, maxWidth: `max(${MIN}px, calc(100% - ${OTHER_MIN}px))` }}
      className="relative shrink-0 border-l"
    >
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label={`Resize ${label}`}
        aria-valuenow={width}
        aria-valuemin={MIN}
        tabIndex={0}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
        onDoubleClick={() => resize(defaultWidth())}
        className="absolute inset-y-0 -left-1 z-10 w-2 cursor-col-resize touch-none outline-none after:absolute after:inset-y-0 after:left-[3px] after:w-0.5 after:transition-colors hover:after:bg-accent/60 focus-visible:after:bg-accent active:after:bg-accent"
      />
      {children}
    </section>
  );
}

const defaultWidth = (): number => Math.round(Math.min(Math.max(window.innerWidth * 0.38, 420), 760));
