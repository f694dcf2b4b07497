import { z } from 'zod';
import { Id } from './ids.js';
import { openEnum } from './open-reading.js';

/** How much two states of a workspace differ. */
export const DiffStat = z
  .object({ files: z.int(), additions: z.int(), deletions: z.int() })
  .meta({ id: 'DiffStat' });
export type DiffStat = z.infer<typeof DiffStat>;

export const FILE_STATUSES = ['added', 'modified', 'deleted', 'renamed', 'type_changed'] as const;

export const DiffFile = z
  .object({
    path: z.string(),
    old_path: z.string().nullable().describe('The path before a rename'),
    status: openEnum(FILE_STATUSES),
    additions: z.int().nullable().describe('null for a binary file'),
    deletions: z.int().nullable(),
    binary: z.boolean(),
    generated: z.boolean().describe('A lock file, minified or otherwise generated: show it folded'),
  })
  .meta({ id: 'DiffFile' });
export type DiffFile = z.infer<typeof DiffFile>;

export const Diff = z
  .object({
    from: z.string().describe('Git tree that the diff starts from'),
    to: z.string(),
    stat: DiffStat,
    files: z.array(DiffFile),
    truncated: z.boolean().describe('true: there are more files than are listed'),
    omitted: z
      .array(z.string())
      .describe('Paths of which `to` does not have what is there now: larger than 100 MB, or not readable'),
  })
  .meta({ id: 'Diff' });
export type Diff = z.infer<typeof Diff>;

/**
 * Which diff: from before run `from` to after run `to`. Without them it is from the session's start to the workspace now.
 * Both also take a tree that an earlier `Diff` of the session named. Trees stay the same while the agent works, so a list of
 * files and their patches fit together.
 */
const point = z.union([Id, z.string().regex(/^[0-9a-f]{40}$/)], {
  error: 'is neither a run id nor a tree',
});
export const DiffQuery = z.object({ from: point.optional(), to: point.optional() });
export type DiffQuery = z.infer<typeof DiffQuery>;

export const DiffFileQuery = DiffQuery.extend({ path: z.string().min(1).max(4096) });
export type DiffFileQuery = z.infer<typeof DiffFileQuery>;

export const FilePatch = z
  .object({
    path: z.string(),
    patch: z.string().describe('Unified diff of this file; empty for a binary file'),
    truncated: z.boolean().describe('true: the patch was cut because of its size'),
  })
  .meta({ id: 'FilePatch' });
export type FilePatch = z.infer<typeof FilePatch>;
