import type { DiffFile } from '@saas-codex/contracts/diffs';
import { DiffStat } from '../../shared/ui/diff-stat.js';

/** The changed lines of one file; nothing for a binary file, or one that is not known (yet). */
export const FileStat = ({ file }: { file: DiffFile | undefined }) =>
  file && <DiffStat stat={{ additions: file.additions ?? 0, deletions: file.deletions ?? 0 }} />;
