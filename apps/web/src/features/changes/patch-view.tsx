import type { FileDiffContentsLoader } from '@pierre/diffs';
import { PatchDiff } from '@pierre/diffs/react';
import type { HunkRange } from '@saas-codex/contracts/edits';
import { memo, type ReactNode, useMemo } from 'react';
import { CODE_THEMES } from '../../shared/lib/code-themes.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { useStoredText } from '../../shared/lib/stored.js';
import { useTheme } from '../../shared/ui/theme.js';
import { decorateMarks } from '../../shared/ui/visible-text.js';
import { completeExpandButtons } from './expand-buttons.js';
import { changedBlocks } from './edits/changed-blocks.js';
import { placeRevertButtons, REVERT_BUTTON_CSS } from './edits/revert-buttons.js';
import { hangIndent } from './hang-indent.js';
import { rowsOf, showsLine, viewerSide } from './line-places.js';
import { useExpandedLines } from './use-expanded-lines.js';
import type { LineNote } from './use-line-notes.js';
import type { LineSelection } from './use-line-selection.js';
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
  /** Both sides of the whole file, to show the lines between changes. Without it they cannot be shown. */
  loadSides?: FileDiffContentsLoader | undefined;
  /** Where they are about lines that are not shown, they stand above all lines. */
  notes: readonly LineNote[];
  renderNote: (note: LineNote) => ReactNode;
  /** null: no lines can be selected. */
  selection: LineSelection | null;
  /** undefined: the person may not change the files. */
  onRevert?: ((block: HunkRange) => void) | undefined;
}

/** Draws a unified diff of one file, with what people and reviews say below the lines that it is about. */
export const PatchView = memo(
  ({ patch, layout, loadSides, notes, renderNote, selection, onRevert }: PatchViewProps) => {
    const theme = useTheme();
    const text = useMemo(() => withMarks(patch), [patch]);
    const marked = text !== patch;
    const blocks = useMemo(() => changedBlocks(patch), [patch]);
    const [isExpanded, noteExpanded] = useExpandedLines(patch);
    const { onSelect, onComment } = selection ?? {};
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
          expansionLineCount: 20,
          ...(loadSides && { loadDiffFiles: loadSides }),
          overflow: 'wrap',
          unsafeCSS: WORDS + REVERT_BUTTON_CSS,
          enableLineSelection: onComment !== undefined,
          enableGutterUtility: onComment !== undefined,
          onLineSelected: onSelect,
          onGutterUtilityClick: onComment,
          onPostRender: (host: HTMLElement) => {
            hideLineNumbers(host);
            noteExpanded(host);
            completeExpandButtons(host);
            host.shadowRoot?.querySelectorAll<HTMLElement>('[data-line]').forEach(hangIndent);
            if (onRevert) placeRevertButtons(host, blocks, onRevert);
            if (marked) host.shadowRoot?.querySelectorAll('[data-line]').forEach(decorateMarks);
          },
        }) as const,
      [theme, layout, marked, loadSides, onSelect, onComment, blocks, onRevert, noteExpanded],
    );
    const annotations = useMemo(() => {
      const rows = notes.length > 0 ? rowsOf(patch) : [];
      return notes.map((metadata) => {
        const { side, line } = metadata;
        const isShown = showsLine(rows, side, line) || (side === 'new' && isExpanded(line));
        const lineNumber = isShown ? line : 0;
        return { side: viewerSide(side), lineNumber, metadata };
      });
    }, [patch, notes, isExpanded]);
    return (
      <PatchDiff
        className="patch-view"
        patch={text}
        options={options}
        lineAnnotations={annotations}
        renderAnnotation={({ metadata }) => renderNote(metadata)}
        selectedLines={selection?.selected ?? null}
        disableWorkerPool
      />
    );
  },
);

/** All numbers of a hunk come before its lines, so a screen reader would read a list of numbers first. */
function hideLineNumbers(host: HTMLElement): void {
  for (const number of host.shadowRoot?.querySelectorAll('[data-column-number]') ?? [])
    number.ariaHidden = 'true';
  // Added once, however often the viewer draws.
  host.addEventListener('pointermove', leaveOutOfTabOrder);
}

/** The viewer puts its button for a comment into the number that is pointed at. The keyboard has `c` instead. */
function leaveOutOfTabOrder({ currentTarget: host }: Event): void {
  const button =
    host instanceof HTMLElement && host.shadowRoot?.querySelector<HTMLElement>('[data-utility-button]');
  if (button) button.tabIndex = -1;
}
