import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useLayoutEffect, useMemo, useRef } from 'react';
import { type AnsiLine, ansiLines } from './ansi.js';
import './output.css';

/** The height of every line, in pixels. Lines do not wrap. */
const LINE_HEIGHT = 18;
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
  useLayoutEffect(() => {
    if (fromEnd && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [fromEnd, lines]);
  return (
    <div
      ref={scroller}
      role="region"
      aria-label="Output"
      className="max-h-72 overflow-auto px-3 py-2 font-mono text-xs/[18px]"
    >
      <pre style={{ height: rows.getTotalSize() }} className="relative min-w-max">
        {rows.getVirtualItems().map(({ index, start }) => (
          <OutputLine key={index} line={lines[index] ?? []} top={start} />
        ))}
      </pre>
    </div>
  );
}

const OutputLine = memo(({ line, top }: { line: AnsiLine; top: number }) => (
  <div className="absolute top-0 left-0 h-4.5" style={{ transform: `translateY(${top}px)` }}>
    {line.map(({ text, className, color, background }, index) => (
      <span key={index} className={className} style={spanStyle(color, background)}>
        {text}
      </span>
    ))}
    {'\n'}
  </div>
));

/** Mixed with the theme's own colours, so that a program cannot write text that nobody sees. */
const spanStyle = (color?: string, background?: string) => ({
  color: color && `color-mix(in oklch, ${color} 60%, var(--foreground))`,
  background: background && `color-mix(in oklch, ${background} 25%, transparent)`,
});
