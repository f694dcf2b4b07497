import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import { type RefObject, useEffect, useEffectEvent, useMemo } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { createStore, useStore } from '../../shared/lib/store.js';
import { useShortcut } from '../../shared/lib/use-shortcut.js';
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

const PATCH = '[data-patch]';

/**
 * Lets a person select lines of a file and comment on them.
 *
 *     c           comments on the selected lines; without any, selects the first changed line of the file in view
 *     ↓ ↑         select the next line, with Shift one more; Escape selects none
 *
 * @param host holds the patch, and has the attribute `data-patch`
 * @returns null for those who may not comment
 */
export function useLineSelection(
  host: RefObject<HTMLElement | null>,
  {
    sessionId,
    from,
    to,
    file,
    patch,
  }: Pick<Diff, 'from' | 'to'> & { sessionId: string; file: DiffFile; patch: string },
): LineSelection | null {
  const mayComment = usePermission('comments:write');
  const current = useStore(selection);
  const rows = useMemo(() => rowsOf(patch), [patch]);
  const { path } = file;
  const selected = current?.path === path ? current.range : null;

  const actions = useMemo(() => {
    const onSelect = (range: ViewerRange | null) => {
      if (range) selection.write({ path, range });
      else if (selection.read()?.path === path) selection.write(null);
    };
    const onComment = (range: ViewerRange) => {
      const lines = linesOf(rows, range);
      if (!lines) return;
      const [tree, ofSide] = lines.side === 'old' ? [from, file.old_path ?? path] : [to, path];
      const { side, first, last } = lines;
      commentDrafts.open(sessionId, { tree, path: ofSide, side, first_line: first, last_line: last });
      selection.write(null);
    };
    return { onSelect, onComment };
  }, [rows, sessionId, from, to, path, file.old_path]);

  const move = (by: number, extend: boolean) => {
    const row = nextRow(rows, selected, by);
    if (!row) return;
    const { line, side } = pointAt(row);
    const start =
      extend && selected ? { start: selected.start, side: selected.side ?? side } : { start: line, side };
    actions.onSelect({ ...start, end: line, endSide: side });
  };
  useShortcut('c', () => (selected ? actions.onComment(selected) : move(0, false)), {
    plain: true,
    when: () =>
      mayComment && (selected !== null || (selection.read() === null && isFirstInView(host.current))),
  });
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if ((by === undefined && event.key !== 'Escape') || isInField(event.target)) return;
    event.preventDefault();
    if (by === undefined) selection.write(null);
    else move(by, event.shiftKey);
  });
  const hasSelection = selected !== null;
  useEffect(() => {
    if (!hasSelection) return;
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, [hasSelection]);
  useEffect(() => {
    const line =
      selected &&
      host.current?.querySelector('diffs-container')?.shadowRoot?.querySelector('[data-selected-line]');
    line?.scrollIntoView({ block: 'nearest' });
  }, [host, selected]);

  return useMemo(() => (mayComment ? { selected, ...actions } : null), [mayComment, selected, actions]);
}

/** Whether it is the topmost patch that can be seen. */
function isFirstInView(host: HTMLElement | null): boolean {
  const isSeen = (element: Element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 120 && top < innerHeight;
  };
  return host !== null && [...document.querySelectorAll(PATCH)].find(isSeen) === host;
}

const isInField = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest('input, textarea, select, [contenteditable], [role=menu]') !== null;
