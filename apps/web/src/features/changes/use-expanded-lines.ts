import { useCallback, useState } from 'react';

const NONE: ReadonlySet<number> = new Set();
const EXPANDED = ':is([data-unified], [data-additions]) [data-line-type="context-expanded"][data-line]';

/**
 * The lines between those of a patch that the viewer shows since the reader asked for them. It draws only lines in view, and
 * does not fold them again.
 * @returns whether a line of the new file is one of them, and what to call with the viewer's element when it has drawn
 */
export function useExpandedLines(
  patch: string,
): [isExpanded: (line: number) => boolean, note: (host: HTMLElement) => void] {
  const [known, setKnown] = useState({ patch, lines: NONE });
  const lines = known.patch === patch ? known.lines : NONE;
  const note = useCallback(
    (host: HTMLElement) => {
      const drawn = [...(host.shadowRoot?.querySelectorAll<HTMLElement>(EXPANDED) ?? [])].map((line) =>
        Number(line.dataset['line']),
      );
      if (drawn.length === 0) return;
      setKnown((before) => {
        const old = before.patch === patch ? before.lines : NONE;
        return drawn.every((line) => old.has(line)) ? before : { patch, lines: new Set([...old, ...drawn]) };
      });
    },
    [patch],
  );
  const isExpanded = useCallback((line: number) => lines.has(line), [lines]);
  return [isExpanded, note];
}
