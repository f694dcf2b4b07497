import { z } from 'zod';
import { Id } from './ids.js';
import { openEnum } from './open-reading.js';

/** Id of a git tree. */
export const treeId = z.string().regex(/^[0-9a-f]{40}$/, 'is no id of git');

const counts = { files: z.int(), additions: z.int(), deletions: z.int() };

/** How much two states of a workspace differ. */
export const DiffStat = z
  .object({
    ...counts,
    generated: z
      .object(counts)
      .optional()
      .describe('How much of it are generated files. Absent if there are none'),
    incomplete: z
      .boolean()
      .optional()
      .describe('true: the diff is too large to read in full, so there is more than these numbers say'),
  })
  .meta({ id: 'DiffStat' });
export type DiffStat = z.infer<typeof DiffStat>;

export const FILE_STATUSES = ['added', 'modified', 'deleted', 'renamed', 'type_changed'] as const;

export const DiffFile = z
  .object({
    path: z.string(),
    old_path: z.string().nullable().describe('The path before a rename'),
    status: openEnum(FILE_STATUSES),
    old_mode: z.string().optional().describe('File mode as git writes it. Absent if there was no file'),
    new_mode: z.string().optional().describe('Absent if there is no file any more'),
    content_id: z
      .string()
      .optional()
      .describe(
        'Names the content in `to`: the same id is the same content. Absent if there is no file any more',
      ),
    additions: z.int().nullable().describe('null for a binary file, and if the lines were not counted'),
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
    files: z
      .array(DiffFile)
      .describe('Files that existed before come first, then new files, then generated ones; each by path'),
    truncated: z.boolean().describe('true: there are more files than are listed'),
    next_cursor: z
      .string()
      .nullable()
      .optional()
      .describe('For the next files: pass it as `cursor`, together with the `from` and `to` of this answer'),
    added_files: z.int().optional().describe('How many files of `stat` are new and not generated'),
    omitted: z
      .array(z.string())
      .describe(
        'Paths of which `to` does not have what is there now: larger than 100 MB, not readable, inside a submodule, other contents than a pointer of Git LFS says, or named like `.git`',
      ),
  })
  .meta({ id: 'Diff' });
export type Diff = z.infer<typeof Diff>;

/**
 * Which diff: from before run `from` to after run `to`. Without them it is from the session's start to the workspace now.
 * Both also take a tree that an earlier `Diff` of the session named. Trees stay the same while the agent works, so a list of
 * files and their patches fit together.
 */
export const point = z.union([Id, treeId], { error: 'is neither a run id nor a tree' });
export const DiffQuery = z.object({ from: point.optional(), to: point.optional() });
export type DiffQuery = z.infer<typeof DiffQuery>;

/** How lines are compared. `ignore`: lines that differ in white space only are the same. */
export const WHITESPACE = ['show', 'ignore'] as const;
const whitespace = z
  .enum(WHITESPACE)
  .default('show')
  .describe('`ignore`: lines that differ in white space only count as unchanged');

/** The most files that one page of a diff lists. */
export const MAX_DIFF_FILES = 3_000;

export const DiffPageQuery = DiffQuery.extend({
  whitespace,
  text: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\0\n\r]*$/, 'is more than one line')
    .optional()
    .describe('Only files of which an added or removed line contains this text, in upper or lower case'),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_DIFF_FILES).default(MAX_DIFF_FILES),
});
export type DiffPageQuery = z.infer<typeof DiffPageQuery>;

export const DiffFileQuery = DiffQuery.extend({ path: z.string().min(1).max(4096), whitespace });
export type DiffFileQuery = z.infer<typeof DiffFileQuery>;

/** `mail`: with an author and a subject, for `git am`. `diff`: without them, for `git apply`. */
export const PATCH_FORMATS = ['mail', 'diff'] as const;

export const PatchQuery = DiffQuery.extend({
  path: DiffFileQuery.shape.path.optional(),
  format: z.enum(PATCH_FORMATS).default('mail'),
});
export type PatchQuery = z.infer<typeof PatchQuery>;

export const FilePatch = z
  .object({
    path: z.string(),
    patch: z.string().describe('Unified diff of this file; empty for a binary file'),
    truncated: z.boolean().describe('true: the patch was cut because of its size'),
  })
  .meta({ id: 'FilePatch' });
export type FilePatch = z.infer<typeof FilePatch>;

export const PathsQuery = z.object({
  q: z.string().max(200).default('').describe('A part of the path, or some of its letters in order'),
  at: treeId.optional().describe('A tree of an earlier answer. Default: the files as the last run left them'),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export type PathsQuery = z.infer<typeof PathsQuery>;

/** Answer of `GET /api/sessions/{session_id}/paths`. */
export const FoundPaths = z
  .object({
    paths: z
      .array(z.string())
      .describe('Best match first. A path that is not UTF-8 is in quotes with octal bytes, as git writes it'),
    truncated: z.boolean().describe('true: there are more'),
  })
  .meta({ id: 'FoundPaths' });
export type FoundPaths = z.infer<typeof FoundPaths>;
