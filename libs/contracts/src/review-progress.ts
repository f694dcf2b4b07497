import { z } from 'zod';
import { DiffFileQuery, treeId } from './diffs.js';

/** What is kept of one person in one session. The oldest marks go first. */
export const MAX_VIEWED = { files: 5_000, pathCharacters: 256 * 1024 } as const;

const content = treeId
  .nullable()
  .describe('`content_id` of the file in the diff; null: the file is gone. Another content is not viewed');

export const ViewedFile = z
  .object({ path: DiffFileQuery.shape.path, content_id: content })
  .meta({ id: 'ViewedFile' });
export type ViewedFile = z.infer<typeof ViewedFile>;

/** How far the caller has reviewed the changes of a session. Nobody else sees it. */
export const ReviewProgress = z
  .object({
    reviewed: z
      .object({
        tree: z.string().describe('What the workspace was then: `from` of a diff'),
        at: z.iso.datetime(),
      })
      .nullable()
      .describe('The last review; null: none yet'),
    viewed: z.array(ViewedFile).describe('Files that are marked as viewed, at the content that was seen'),
  })
  .meta({ id: 'ReviewProgress' });
export type ReviewProgress = z.infer<typeof ReviewProgress>;

export const ReviewProgressUpdate = z
  .strictObject({
    reviewed_tree: treeId
      .nullable()
      .optional()
      .describe('`to` of the diff that was reviewed; null: no review'),
    viewed: z.array(ViewedFile).max(1_000).optional().describe('Files to mark as viewed'),
    unviewed: z.array(DiffFileQuery.shape.path).max(1_000).optional().describe('Paths of marks to remove'),
  })
  .meta({ id: 'ReviewProgressUpdate' });
export type ReviewProgressUpdate = z.infer<typeof ReviewProgressUpdate>;
