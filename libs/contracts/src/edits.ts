import { z } from 'zod';
import { DiffFileQuery, DiffQuery, treeId } from './diffs.js';
import { Id } from './ids.js';

/*
 * What people change in a session's files by themselves. Each change is a run of the kind `edit`: it waits until the run that
 * works has ended, and is then merged into the files as they are.
 */

const path = DiffFileQuery.shape.path;
const { from, to } = DiffQuery.shape;

/** The most parts of a file that one request reverts. */
const MAX_HUNKS = 1_000;
const line = z.int().min(0).max(100_000_000);

/** Lines of a file before and after a change, as the header of a hunk names them. */
export const HunkRange = z
  .strictObject({ old_start: line, old_lines: line, new_start: line, new_lines: line })
  .meta({ id: 'HunkRange' });
export type HunkRange = z.infer<typeof HunkRange>;

const diff = {
  from: from.describe('As in `GET …/diff`. Default: the start of the session'),
  to: to.describe('As in `GET …/diff`. Default: the files as they are now'),
};

/** Body of `POST /api/sessions/{session_id}/reverts`: which part of which diff is taken back. */
export const RevertChanges = z
  .discriminatedUnion('scope', [
    z.strictObject({ scope: z.literal('all'), ...diff }),
    z.strictObject({
      scope: z.literal('run'),
      run_id: Id.describe('What it changed. Of a run that reverted something: undoes that'),
    }),
    z.strictObject({ scope: z.literal('file'), ...diff, path }),
    z.strictObject({
      scope: z.literal('hunk'),
      ...diff,
      path,
      hunks: z
        .array(HunkRange)
        .min(1)
        .max(MAX_HUNKS)
        .describe('The changed lines in these ranges are reverted. They need not be whole hunks'),
    }),
  ])
  .meta({
    id: 'RevertChanges',
    examples: [
      { scope: 'all' },
      { scope: 'run', run_id: '01a20ab5-ad03-774a-840c-f8dd44ecbc3d' },
      { scope: 'file', path: 'src/roses.ts' },
      {
        scope: 'hunk',
        path: 'src/roses.ts',
        hunks: [{ old_start: 4, old_lines: 7, new_start: 4, new_lines: 9 }],
      },
    ],
  });
export type RevertChanges = z.infer<typeof RevertChanges>;

/** In characters. A request has at most 1 MB. */
export const MAX_PATCH_LENGTH = 900_000;

/** Body of `POST /api/sessions/{session_id}/patches`. */
export const ApplyPatch = z
  .strictObject({
    patch: z
      .string()
      .min(1)
      .max(MAX_PATCH_LENGTH)
      .describe('As `git diff`, `git format-patch` and `GET …/patch` write it'),
  })
  .meta({
    id: 'ApplyPatch',
    examples: [
      {
        patch:
          'diff --git a/README.md b/README.md\n--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-# Rose\n+# Roses\n',
      },
    ],
  });
export type ApplyPatch = z.infer<typeof ApplyPatch>;

/** In characters. */
export const MAX_FILE_LENGTH = 500_000;

/** Body of `PUT /api/sessions/{session_id}/files`. */
export const WriteFile = z
  .strictObject({
    path: path.describe('As answers name it: a path that is not UTF-8 is in quotes, with octal bytes'),
    content: z
      .string()
      .max(MAX_FILE_LENGTH)
      .nullable()
      .describe('The whole file. null: there is none any more'),
    tree: treeId.describe(
      'The state in which you read the file, such as `to` of a diff. What was changed in other lines since stays; a change of the same lines is an `edit_conflict`',
    ),
  })
  .meta({
    id: 'WriteFile',
    examples: [{ path: 'README.md', content: '# Roses\n', tree: '5b1d9f6c0d4c1f3f8a3e4d1b7d5c9e0f2a6b8c7d' }],
  });
export type WriteFile = z.infer<typeof WriteFile>;
