import { z } from 'zod';
import { openEnum } from './open-reading.js';

/** In bytes, of the text of a path. */
const MAX_PATH = 4096;
const path = z.string().min(1).max(MAX_PATH);

/** How much one download, a file or an archive, may hold. */
export const MAX_DOWNLOAD = { bytes: 512 * 1024 * 1024, files: 10_000 } as const;

/** A file that git ignores, or a folder with such files. */
export const IgnoredEntry = z
  .object({
    path: z.string().describe('From the root of the repository. A folder has no slash at its end'),
    kind: openEnum(['file', 'folder']),
    files: z.int().describe('Files in the folder, at any depth; 1 for a file'),
    bytes: z.int().describe('What they would take when downloaded'),
  })
  .meta({ id: 'IgnoredEntry' });
export type IgnoredEntry = z.infer<typeof IgnoredEntry>;

/** Files that git ignores, so that no diff shows them. Links, pipes, sockets and `.git` folders do not count. */
export const IgnoredFiles = z
  .object({
    files: z.int().describe('All files that are ignored, or all of the requested folder'),
    bytes: z.int(),
    incomplete: z
      .boolean()
      .optional()
      .describe('true: there are too many files to count, or some folder cannot be read, so there is more'),
    items: z.array(IgnoredEntry).describe('What is directly in the folder, by path'),
    next_cursor: z.string().nullable().describe('For the next entries: pass it as `cursor`'),
  })
  .meta({ id: 'IgnoredFiles' });
export type IgnoredFiles = z.infer<typeof IgnoredFiles>;

export const IgnoredFilesQuery = z.object({
  folder: path
    .optional()
    .describe(
      'A folder of an earlier answer. Without it, the answer lists ignored files and folders wherever they are',
    ),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,6000}$/, 'is no cursor')
    .optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});
export type IgnoredFilesQuery = z.infer<typeof IgnoredFilesQuery>;

export const IgnoredFileQuery = z.object({ path });
export type IgnoredFileQuery = z.infer<typeof IgnoredFileQuery>;

export const IgnoredArchiveQuery = z.object({
  folder: path.optional().describe('Only the files of this folder. Default: all that are ignored'),
});
export type IgnoredArchiveQuery = z.infer<typeof IgnoredArchiveQuery>;
