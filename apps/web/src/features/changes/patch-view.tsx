import { PatchDiff } from '@pierre/diffs/react';
import type { ReviewFinding } from '@saas-codex/contracts/items';
import { memo, type ReactNode, useMemo } from 'react';
import { CODE_THEMES } from '../../shared/lib/code-themes.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { useStoredText } from '../../shared/lib/stored.js';
import { useTheme } from '../../shared/ui/theme.js';
import { decorateMarks } from '../../shared/ui/visible-text.js';
import { hangIndent } from './hang-indent.js';
import { showsLine } from './use-findings.js';
import './patch-view.css';

/** Old and new side by side, or one below the other. */
export type DiffLayout = 'split' | 'unified';

/** The reader's choice, kept in this browser. */
export function useDiffLayout(): [DiffLayout, (layout: DiffLayout) => void] {
  const [value, setValue] = useStoredText('diff-layout', 'unified');
  return [value === 'split' ? 'split' : 'unified', setValue];
}

/**
 * The viewer tells added and removed lines apart by colour alone. A screen reader gets a word before each of them, as the
 * alternative text of nothing.
 */
const WORDS = `
  [data-line][data-line-type='change-addition']::before { content: '' / 'Added: '; }
  [data-line][data-line-type='change-deletion']::before { content: '' / 'Removed: '; }
`;

interface PatchViewProps {
  patch: string;
  layout: DiffLayout;
  /** Where they are about lines that the patch does not show, they stand above all lines. */
  findings: readonly ReviewFinding[];
  renderFinding: (finding: ReviewFinding) => ReactNode;
}

/** Draws a unified diff of one file, with what a review has found below the lines that it is about. */
export const PatchView = memo(({ patch, layout, findings, renderFinding }: PatchViewProps) => {
  const theme = useTheme();
  const text = useMemo(() => withMarks(patch), [patch]);
  const marked = text !== patch;
  const options = useMemo(
    () =>
      ({
        theme: CODE_THEMES,
        themeType: theme,
        diffStyle: layout,
        disableFileHeader: true,
        diffIndicators: 'bars',
        lineDiffType: 'word-alt',
        hunkSeparators: 'line-info-basic',
        overflow: 'wrap',
        unsafeCSS: WORDS,
        onPostRender: (host: HTMLElement) => {
          hideLineNumbers(host);
          host.shadowRoot?.querySelectorAll<HTMLElement>('[data-line]').forEach(hangIndent);
          if (marked) host.shadowRoot?.querySelectorAll('[data-line]').forEach(decorateMarks);
        },
      }) as const,
    [theme, layout, marked],
  );
  const annotations = useMemo(
    () =>
      findings.map((metadata) => ({
        side: 'additions' as const,
        lineNumber: showsLine(patch, metadata.last_line) ? metadata.last_line : 0,
        metadata,
      })),
    [patch, findings],
  );
  return (
    <PatchDiff
      className="patch-view"
      patch={text}
      options={options}
      lineAnnotations={annotations}
      renderAnnotation={({ metadata }) => renderFinding(metadata)}
      disableWorkerPool
    />
  );
});

/** All numbers of a hunk come before its lines, so a screen reader would read a list of numbers first. */
function hideLineNumbers(host: HTMLElement): void {
  for (const number of host.shadowRoot?.querySelectorAll('[data-column-number]') ?? [])
    number.ariaHidden = 'true';
}
