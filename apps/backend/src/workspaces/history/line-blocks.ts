import type { HunkRange } from '@saas-codex/contracts/edits';

/** Lines of a file that were replaced. Numbers start at 1; of no lines, `start` is the line before them, as in git's `-U0`. */
export interface LineBlock {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
}

const HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** @param output of `git diff -U0`, as latin1 */
export function blocksOf(output: string): LineBlock[] {
  return output.split('\n').flatMap((text) => {
    const [, oldStart, oldLines = '1', newStart, newLines = '1'] = HEADER.exec(text) ?? [];
    if (oldStart === undefined) return [];
    const [old, now] = [Number(oldStart), Number(newStart)];
    return [{ oldStart: old, oldLines: Number(oldLines), newStart: now, newLines: Number(newLines) }];
  });
}

/** The blocks that lie in one of the ranges, on both sides. */
export const blocksIn = (blocks: readonly LineBlock[], ranges: readonly HunkRange[]): LineBlock[] =>
  blocks.filter((block) =>
    ranges.some(
      (range) =>
        isWithin(block.oldStart, block.oldLines, range.old_start, range.old_lines) &&
        isWithin(block.newStart, block.newLines, range.new_start, range.new_lines),
    ),
  );

/** A gap, of no lines, is also within a range when it stands right before or after it. */
function isWithin(start: number, lines: number, rangeStart: number, rangeLines: number): boolean {
  const [first, end] = bounds(start, lines);
  const [rangeFirst, rangeEnd] = bounds(rangeStart, rangeLines);
  return first >= rangeFirst && end <= rangeEnd;
}

/** The first line and the one after the last. */
const bounds = (start: number, lines: number): [number, number] =>
  lines === 0 ? [start + 1, start + 1] : [start, start + lines];

/** The file without these blocks of its change. @param before, now its texts as latin1 */
export function withoutBlocks(before: string, now: string, blocks: readonly LineBlock[]): string {
  const [oldLines, lines] = [linesOf(before), linesOf(now)];
  for (const block of blocks.toSorted((a, b) => b.newStart - a.newStart)) {
    const [oldFirst, oldEnd] = bounds(block.oldStart, block.oldLines);
    const [first] = bounds(block.newStart, block.newLines);
    lines.splice(first - 1, block.newLines, ...oldLines.slice(oldFirst - 1, oldEnd - 1));
  }
  return lines.join('');
}

/** With their ends, as git tells lines apart. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The blocks of a change that another change from the same text touches, too. */
export const collidingBlocks = (change: readonly LineBlock[], other: readonly LineBlock[]): LineBlock[] =>
  change.filter((block) => {
    const [first, end] = bounds(block.oldStart, block.oldLines);
    return other.some((there) => {
      const [otherFirst, otherEnd] = bounds(there.oldStart, there.oldLines);
      return first <= otherEnd && otherFirst <= end;
    });
  });
