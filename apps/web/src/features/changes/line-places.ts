import type { CommentSide } from '@saas-codex/contracts/comments';

/** A line of a patch: its numbers in the old and the new file; null: it is not in that one. */
interface PatchRow {
  old: number | null;
  new: number | null;
}

/** Lines of one side of a file. */
interface LineRange {
  side: CommentSide;
  first: number;
  last: number;
}

/** Two ends of a selection in the viewer, in any order. */
export interface ViewerRange {
  start: number;
  side?: ViewerSide;
  end: number;
  endSide?: ViewerSide;
}
type ViewerSide = 'additions' | 'deletions';

export const viewerSide = (side: CommentSide | (string & {})): ViewerSide =>
  side === 'old' ? 'deletions' : 'additions';

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** The lines that a patch of one file shows, in order. */
export function rowsOf(patch: string): PatchRow[] {
  const rows: PatchRow[] = [];
  let at: { old: number; new: number } | null = null;
  for (const line of patch.split('\n')) {
    const [hunk, old, added] = HUNK.exec(line) ?? [];
    if (hunk) at = { old: Number(old), new: Number(added) };
    else if (!at) continue;
    else if (line.startsWith('+')) rows.push({ old: null, new: at.new++ });
    else if (line.startsWith('-')) rows.push({ old: at.old++, new: null });
    else if (line.startsWith(' ')) rows.push({ old: at.old++, new: at.new++ });
  }
  return rows;
}

/**
 * What a selection means: lines of the new file, or of the old one if only removed lines, or only that side, are selected.
 * @param shown the lines of the patch. A reader may also select lines between them, which the viewer shows on demand
 */
export function linesOf(shown: readonly PatchRow[], range: ViewerRange): LineRange | null {
  const rows = withLinesBetween(shown, Math.max(range.start, range.end));
  const ends = [
    indexOf(rows, range.side, range.start),
    indexOf(rows, range.endSide ?? range.side, range.end),
  ];
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  if (from < 0) return null;
  const selected = rows.slice(from, to + 1);
  const onOldSide = range.side === 'deletions' && (range.endSide ?? range.side) === 'deletions';
  const isOld = onOldSide && selected.some((row) => row.new === null);
  const numbers = selected.flatMap((row) => (isOld ? row.old : row.new) ?? []);
  const [first, last] = [numbers[0], numbers.at(-1)];
  if (first === undefined || last === undefined) return null;
  return { side: isOld ? 'old' : 'new', first, last };
}

/** All lines of a file up to this one. Lines that a patch leaves out are the same on both sides. */
function withLinesBetween(shown: readonly PatchRow[], last: number): PatchRow[] {
  const rows: PatchRow[] = [];
  const next = { old: 1, new: 1 };
  const addUntil = (isReached: () => boolean) => {
    while (!isReached()) rows.push({ old: next.old++, new: next.new++ });
  };
  for (const row of shown) {
    addUntil(() => (row.old === null ? next.new >= (row.new ?? 0) : next.old >= row.old));
    rows.push(row);
    if (row.old !== null) next.old = row.old + 1;
    if (row.new !== null) next.new = row.new + 1;
  }
  addUntil(() => next.old > last && next.new > last);
  return rows;
}

/** The row that is `by` rows after the end of a selection; without one, the first changed row. */
export function nextRow(rows: readonly PatchRow[], range: ViewerRange | null, by: number): PatchRow | null {
  if (!range) return rows.find((row) => row.old === null || row.new === null) ?? rows[0] ?? null;
  const side = range.endSide ?? range.side;
  const at = indexOf(rows, side, range.end);
  // The rows around a line that the patch does not show are next to it.
  const before = rows.findLastIndex((row) => (numberOn(row, side) ?? Infinity) < range.end);
  const next = at >= 0 ? at + by : before + by + (by < 0 ? 1 : 0);
  return rows[Math.min(Math.max(next, 0), rows.length - 1)] ?? null;
}

/** An end of a selection at this row. */
export const pointAt = (row: PatchRow): { line: number; side: ViewerSide } =>
  row.new === null ? { line: row.old ?? 0, side: 'deletions' } : { line: row.new, side: 'additions' };

/** Whether a patch shows this line of one side. */
export const showsLine = (rows: readonly PatchRow[], side: CommentSide, line: number): boolean =>
  indexOf(rows, viewerSide(side), line) >= 0;

const indexOf = (rows: readonly PatchRow[], side: ViewerSide | undefined, line: number): number =>
  rows.findIndex((row) => numberOn(row, side) === line);

const numberOn = (row: PatchRow, side: ViewerSide | undefined): number | null =>
  side === 'deletions' ? row.old : row.new;
