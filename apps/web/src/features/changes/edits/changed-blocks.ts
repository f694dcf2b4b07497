import type { HunkRange } from '@saas-codex/contracts/edits';

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** The blocks of changed lines in a patch of one file. Of no lines, the start is the line before them. */
export function changedBlocks(patch: string): HunkRange[] {
  const blocks: HunkRange[] = [];
  let [old, now] = [0, 0];
  let block: HunkRange | null = null;
  for (const line of patch.split('\n')) {
    const hunk = HUNK.exec(line);
    if (hunk) {
      // A side without lines begins after the line that it names.
      [old, now] = [Number(hunk[1]) + Number(hunk[2] === '0'), Number(hunk[3]) + Number(hunk[4] === '0')];
      block = null;
    } else if (old === 0 && now === 0) continue;
    else if (line.startsWith('+') || line.startsWith('-')) {
      if (!block)
        blocks.push((block = { old_start: old - 1, old_lines: 0, new_start: now - 1, new_lines: 0 }));
      if (line.startsWith('-')) {
        if (block.old_lines++ === 0) block.old_start = old;
        old += 1;
      } else {
        if (block.new_lines++ === 0) block.new_start = now;
        now += 1;
      }
    } else if (line.startsWith(' ')) {
      block = null;
      old += 1;
      now += 1;
    }
  }
  return blocks;
}
