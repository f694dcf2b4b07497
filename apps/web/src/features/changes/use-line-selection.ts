import type { Whitespace } from '../../entities/session/api/get-diff.js';
import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useMemo, useSyncExternalStore } from 'react';
import { createStore } from '../../shared/lib/store.js';
import { filePatchQuery } from '../../entities/session/api/get-file-patch.js';
import { commentDrafts } from './comments/comment-drafts.js';
import { linesOf, nextRow, pointAt, rowsOf, type ViewerRange } from './line-places.js';

/** How lines of a file are selected and commented on. */
export interface LineSelection {
  selected: ViewerRange | null;
  onSelect: (range: ViewerRange | null) => void;
  onComment: (range: ViewerRange) => void;
}

/** The lines that are selected in Changes, in one file at a time. */
const selection = createStore<{ path: string; range: ViewerRange } | null>(null);

/** A file as its diff shows it. */
interface ShownFile {
  sessionId: string;
  from: string;
  to: string;
  file: Pick<DiffFile, 'path' | 'old_path'>;
  patch: string;
}

/** Opens a field for a comment on these lines, and selects none. */
function commentOn({ sessionId, from, to, file, patch }: ShownFile, range: ViewerRange): void {
  const lines = linesOf(rowsOf(patch), range);
  selection.write(null);
  if (!lines) return;
  const { side, first: first_line, last: last_line } = lines;
  const [tree, path] = side === 'old' ? [from, file.old_path ?? file.path] : [to, file.path];
  commentDrafts.open(sessionId, { tree, path, side, first_line, last_line });
}

/** Lets the pointer select lines of a file and comment on them. @returns null for those who may not comment */
export function useLineSelection(shown: ShownFile, mayComment: boolean): LineSelection | null {
  const { sessionId, from, to, file, patch } = shown;
  const { path, old_path: oldPath } = file;
  const read = () => {
    const current = selection.read();
    return current?.path === path ? current.range : null;
  };
  const selected = useSyncExternalStore(selection.subscribe, read, read);
  const actions = useMemo(
    () => ({
      onSelect: (range: ViewerRange | null) => {
        if (range) selection.write({ path, range });
        else if (selection.read()?.path === path) selection.write(null);
      },
      onComment: (range: ViewerRange) =>
        commentOn({ sessionId, from, to, file: { path, old_path: oldPath }, patch }, range),
    }),
    [sessionId, from, to, path, oldPath, patch],
  );
  return useMemo(() => (mayComment ? { selected, ...actions } : null), [mayComment, selected, actions]);
}

const STEPS: Readonly<Record<string, number | undefined>> = { ArrowDown: 1, ArrowUp: -1 };

/**
 * Lets the keyboard do the same:
 *
 *     c        comments on the selected lines; without any, selects the first changed line of the file in view
 *     ↓ ↑      select the next line, with Shift one more; Escape selects none
 */
export function useLineKeys(
  sessionId: string,
  { from, to, files }: Diff,
  whitespace: Whitespace,
  mayComment: boolean,
): void {
  const client = useQueryClient();
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const { key, target, shiftKey } = event;
    const isModified = event.metaKey || event.ctrlKey || event.altKey || event.isComposing;
    if (!mayComment || isModified || event.defaultPrevented || isInField(target)) return;
    const current = selection.read();
    const by = STEPS[key];
    if (key !== 'c' && (!current || (by === undefined && key !== 'Escape'))) return;
    const path = current?.path ?? pathInView();
    const file = files.find((one) => one.path === path);
    const query = filePatchQuery(sessionId, { from, to, whitespace }, path ?? '');
    const patch = client.getQueryData(query.queryKey)?.patch;
    if (!file || patch === undefined) return;
    event.preventDefault();
    if (key === 'Escape') selection.write(null);
    else if (key === 'c' && current) commentOn({ sessionId, from, to, file, patch }, current.range);
    else {
      const range = moved(patch, current?.range ?? null, by ?? 0, shiftKey);
      if (range) selection.write({ path: file.path, range });
      // The viewer has marked it then.
      requestAnimationFrame(scrollToSelection);
    }
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener('keydown', listener);
    return () => {
      removeEventListener('keydown', listener);
      selection.write(null);
    };
  }, []);
}

function moved(patch: string, range: ViewerRange | null, by: number, extend: boolean): ViewerRange | null {
  const row = nextRow(rowsOf(patch), range, by);
  if (!row) return null;
  const { line: end, side: endSide } = pointAt(row);
  const isLonger = extend && range !== null;
  return {
    start: isLonger ? range.start : end,
    side: (isLonger && range.side) || endSide,
    end,
    endSide,
  };
}

const PATCHES = '[data-patch]';

/** The file whose patch is the topmost one that can be seen. */
function pathInView(): string | undefined {
  const isSeen = (element: Element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 120 && top < innerHeight;
  };
  return [...document.querySelectorAll<HTMLElement>(PATCHES)].find(isSeen)?.dataset.patch;
}

function scrollToSelection(): void {
  for (const viewer of document.querySelectorAll(`${PATCHES} > *`))
    viewer.shadowRoot?.querySelector('[data-selected-line]')?.scrollIntoView({ block: 'nearest' });
}

const isInField = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest('input, textarea, select, [contenteditable], [role=menu], [role=dialog]') !== null;
