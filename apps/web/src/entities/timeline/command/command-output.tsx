import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useLayoutEffect, useMemo, useRef } from 'react';
import { type AnsiLine, ansiLines } from './ansi.js';
import './output.css';

/** The height of a line that does not wrap, in pixels. */
const LINE_HEIGHT = 18;
/** Within this distance from the end, in pixels, the box follows new output. */
const AT_END = 24;
/** Up to this number, all lines are on the page, where the browser's search finds them. */
const ALL_LINES = 400;

interface CommandOutputProps {
  output: string;
  /** Keep the end in view when more output arrives. */
  fromEnd: boolean;
}

/** Terminal output in a box of limited height. Of long output, only the lines in view are rendered. */
export function CommandOutput({ output, fromEnd }: CommandOutputProps) {
  const lines = useMemo(() => ansiLines(output), [output]);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: lines.length <= ALL_LINES ? lines.length : 20,
  });
  const height = rows.getTotalSize();
  const readerAtEnd = useRef(fromEnd);
  useLayoutEffect(() => {
    if (fromEnd && readerAtEnd.current && scroller.current)
      scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [fromEnd, lines, height]);
  return (
    <div
      ref={scroller}
      role="region"
      aria-label="Output"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        readerAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END;
      }}
      className="max-h-72 overflow-auto px-3 py-2 font-mono text-xs/[18px]"
    >
      <pre style={{ height }} className="relative whitespace-pre-wrap [overflow-wrap:anywhere]">
        {rows.getVirtualItems().map(({ index, start }) => (
          <div
            key={index}
            ref={rows.measureElement}
            data-index={index}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${start}px)` }}
          >
            <OutputLine line={lines[index] ?? []} />
          </div>
        ))}
      </pre>
    </div>
  );
}

const OutputLine = memo(({ line }: { line: AnsiLine }) => (
  <>
    {line.map(({ text, className, color, background }, index) => (
      <span key={index} className={className} style={spanStyle(color, background)}>
        {text}
      </span>
    ))}
    {'\n'}
  </>
));

/** Mixed with the theme's own colours, so that a program cannot write text that nobody sees. */
const spanStyle = (color?: string, background?: string) => ({
  color: color && `color-mix(in oklch, ${color} 60%, var(--foreground))`,
  background: background && `color-mix(in oklch, ${background} 25%, transparent)`,
});
