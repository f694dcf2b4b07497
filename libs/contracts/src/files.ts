import { z } from 'zod';
import { DiffFileQuery, point } from './diffs.js';
import { openEnum } from './open-reading.js';

/*
 * The files of a session at one of its checkpoints: those that git would commit. Files that git ignores are in ignored-files.ts.
 */

const at = point
  .optional()
  .describe('A run, for the files after it, or a tree of an earlier answer. Default: the workspace now');
const path = DiffFileQuery.shape.path.describe('From the root of the repository');

export const FILE_KINDS = ['file', 'folder', 'link', 'submodule'] as const;

export const FileEntry = z
  .object({
    path: z.string().describe('From the root of the repository. A folder has no slash at its end'),
    kind: openEnum(FILE_KINDS),
    bytes: z.int().nullable().describe('null for a folder and a submodule'),
  })
  .meta({ id: 'FileEntry' });
export type FileEntry = z.infer<typeof FileEntry>;

/** Answer of `GET /api/sessions/{session_id}/files`. */
export const Files = z
  .object({
    at: z.string().describe('The git tree that was read. Pass it as `at`, so that all answers fit together'),
    items: z.array(FileEntry).describe('What is directly in the folder: folders first, each by name'),
    incomplete: z.boolean().optional().describe('true: the folder has more entries than can be listed'),
    next_cursor: z.string().nullable().describe('For the next entries: pass it as `cursor`, with `at`'),
  })
  .meta({ id: 'Files' });
export type Files = z.infer<typeof Files>;

export const FilesQuery = z.object({
  at,
  folder: path.optional().describe('Default: the root of the repository'),
  cursor: z
    .string()
    .regex(/^[0-9a-f]{16}\.\d{1,7}$/, 'is no cursor')
    .optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(500),
});
export type FilesQuery = z.infer<typeof FilesQuery>;

export const FileQuery = z.object({ at, path });
export type FileQuery = z.infer<typeof FileQuery>;

/** Answer of `GET /api/sessions/{session_id}/files/content`. */
export const FileContent = z
  .object({
    at: z.string().describe('The git tree that was read'),
    path: z.string(),
    kind: openEnum(FILE_KINDS),
    bytes: z.int().describe('Of the whole file'),
    text: z.string().nullable().describe('null for a binary file; where a link leads to'),
    truncated: z.boolean().describe('true: the text was cut because of its size. Download the file'),
  })
  .meta({ id: 'FileContent' });
export type FileContent = z.infer<typeof FileContent>;

export const FileSearchQuery = z.object({
  at,
  q: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\0\n\r]*$/, 'is more than one line')
    .describe('Text of one line. Upper and lower case are the same'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type FileSearchQuery = z.infer<typeof FileSearchQuery>;

export const FoundLine = z
  .object({
    path: z.string(),
    line: z.int(),
    text: z.string().describe('The line; of a long one, the part around the match'),
  })
  .meta({ id: 'FoundLine' });
export type FoundLine = z.infer<typeof FoundLine>;

/** Answer of `GET /api/sessions/{session_id}/files/search`. */
export const FoundLines = z
  .object({
    at: z.string().describe('The git tree that was searched'),
    items: z.array(FoundLine).describe('By path and line; of each file the first 20'),
    truncated: z.boolean().describe('true: there are more, or the search took too long'),
  })
  .meta({ id: 'FoundLines' });
export type FoundLines = z.infer<typeof FoundLines>;
