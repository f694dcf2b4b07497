import { File, Virtualizer } from '@pierre/diffs/react';
import { useEffect, useMemo, useRef } from 'react';
import { CODE_THEMES } from '../../shared/lib/code-themes.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { useTheme } from '../../shared/ui/theme.js';
import { decorateMarks } from '../../shared/ui/visible-text.js';
import './code-text.css';

/** As `--diffs-line-height` of code-text.css says. */
const LINE_HEIGHT = 20;
/** Lines above the one that was asked for. */
const ABOVE = 5;

interface CodeTextProps {
  path: string;
  text: string;
  /** To scroll to and to mark; null: none. */
  line: number | null;
}

/** A text with line numbers and syntax colours. Of a long one, only the lines in view are on the page. */
export function CodeText({ path, text, line }: CodeTextProps) {
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const contents = useMemo(() => withMarks(text), [text]);
  const marked = contents !== text;
  const options = useMemo(
    () =>
      ({
        theme: CODE_THEMES,
        themeType: theme,
        disableFileHeader: true,
        overflow: 'scroll',
        onPostRender: (host: HTMLElement) => {
          for (const number of host.shadowRoot?.querySelectorAll('[data-column-number]') ?? [])
            number.ariaHidden = 'true';
          if (marked) host.shadowRoot?.querySelectorAll('[data-line]').forEach(decorateMarks);
        },
      }) as const,
    [theme, marked],
  );
  useEffect(() => {
    const scroller = frame.current?.firstElementChild;
    if (!(scroller instanceof HTMLElement)) return;
    scroller.tabIndex = 0;
    scroller.role = 'region';
    scroller.ariaLabel = 'Text of the file';
    scroller.scrollTop = line === null ? 0 : Math.max(0, line - 1 - ABOVE) * LINE_HEIGHT;
  }, [line]);
  return (
    <div ref={frame} className="contents">
      <Virtualizer className="min-h-0 min-w-0 flex-1 overflow-y-auto overscroll-contain bg-card">
        <File
          className="code-text"
          file={{ name: path, contents }}
          options={options}
          selectedLines={line === null ? null : { start: line, end: line }}
          disableWorkerPool
        />
      </Virtualizer>
    </div>
  );
}
