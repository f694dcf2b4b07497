import { linesOf, nextRow, rowsOf, showsLine } from '../../../src/features/changes/line-places.js';

const rows = rowsOf(
  '--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n+b\n c\n@@ -9 +10 @@ f\n-x\n+y\n\\ No newline at end of file\n',
);

it('knows which lines of either file a patch shows', () => {
  expect([1, 3, 4, 9, 10, 11].filter((line) => showsLine(rows, 'new', line))).toEqual([1, 3, 10]);
  expect([1, 2, 3, 9, 10].filter((line) => showsLine(rows, 'old', line))).toEqual([1, 2, 9]);
});

it('reads a selection as lines of the new file, or of the old one where those are removed', () => {
  const additions = { side: 'additions', endSide: 'additions' } as const;
  expect(linesOf(rows, { ...additions, start: 3, end: 1 })).toEqual({ side: 'new', first: 1, last: 3 });
  expect(linesOf(rows, { start: 9, end: 9, side: 'deletions' })).toEqual({ side: 'old', first: 9, last: 9 });
  expect(linesOf(rows, { start: 2, end: 2, side: 'deletions' })).toEqual({ side: 'new', first: 3, last: 3 });
  const mixed = { start: 9, side: 'deletions', end: 10, endSide: 'additions' } as const;
  expect(linesOf(rows, mixed)).toEqual({ side: 'new', first: 10, last: 10 });
});

it('reads a selection of lines between those of the patch, which a reader has had shown', () => {
  const shown = { side: 'additions', endSide: 'additions' } as const;
  expect(linesOf(rows, { ...shown, start: 7, end: 8 })).toEqual({ side: 'new', first: 7, last: 8 });
  expect(linesOf(rows, { ...shown, start: 3, end: 12 })).toEqual({ side: 'new', first: 3, last: 12 });
  expect(linesOf(rows, { start: 5, end: 9, side: 'deletions' })).toEqual({ side: 'old', first: 5, last: 9 });
  expect(linesOf(rows, { start: 5, end: 6, side: 'deletions' })).toEqual({ side: 'new', first: 6, last: 7 });
});

it('goes from line to line, and begins at the first one that changed', () => {
  expect(nextRow(rows, null, 0)).toEqual({ old: null, new: 2 });
  expect(nextRow(rows, { start: 2, end: 2, side: 'additions' }, 1)).toEqual({ old: 2, new: 3 });
  expect(nextRow(rows, { start: 1, end: 1, side: 'additions' }, -1)).toEqual({ old: 1, new: 1 });
  expect(nextRow(rows, { start: 7, end: 7, side: 'additions' }, 1)).toEqual({ old: 9, new: null });
  expect(nextRow(rows, { start: 7, end: 7, side: 'additions' }, -1)).toEqual({ old: 2, new: 3 });
});
