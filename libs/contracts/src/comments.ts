import { z } from 'zod';
import { Author } from './authors.js';
import { DiffFileQuery } from './diffs.js';
import { Id } from './ids.js';
import { openEnum } from './open-reading.js';
import { PageQuery, pageOf } from './pagination.js';
import { Run } from './runs.js';
import { writtenText } from './text.js';

/*
 * A comment is a person's remark on lines of a change.
 *
 *     open ──► sent with a run ──► addressed   the run has changed its lines
 *       │            ├───────────► open        the run has left them as they were
 *       │            └───────────► outdated    they are gone, and not by that run
 *       └──► resolved ──► open     people say so, at any time
 *
 * All but `resolved` is computed when the comment is read.
 */

export const COMMENT_SIDES = ['old', 'new'] as const;
export type CommentSide = (typeof COMMENT_SIDES)[number];

export const COMMENT_STATUSES = ['open', 'addressed', 'outdated', 'resolved'] as const;
export type CommentStatus = (typeof COMMENT_STATUSES)[number];

/** Of one session. */
export const MAX_COMMENTS = 500;
/** In characters. */
export const MAX_COMMENT_LENGTH = 10_000;
/** Lines that one comment is about. */
export const MAX_COMMENT_LINES = 200;

const Tree = z.string().regex(/^[0-9a-f]{40}$/);
const line = z.int().min(1);
const text = writtenText(MAX_COMMENT_LENGTH);

/** Lines of a file. */
export const CommentPlace = z
  .object({ path: z.string(), first_line: z.int(), last_line: z.int() })
  .meta({ id: 'CommentPlace' });
export type CommentPlace = z.infer<typeof CommentPlace>;

export const Comment = z
  .object({
    comment_id: z.uuid(),
    session_id: z.uuid(),
    text: z.string(),
    side: openEnum(COMMENT_SIDES).describe(
      'old: lines as they were before the change. new: as they are after it',
    ),
    tree: z.string().describe('The git tree in which the lines were commented on'),
    ...CommentPlace.shape,
    code: z.array(z.string()).describe('The lines, as they were then'),
    status: openEnum(COMMENT_STATUSES).describe(
      'addressed: the run that got it has changed its lines. outdated: the lines are gone otherwise',
    ),
    place: CommentPlace.nullable().describe(
      'Where the lines are in the diff that was asked for: on its old or new side. null: they are not there',
    ),
    run_id: z.uuid().nullable().describe('The run that it was sent with. null: it has not been sent'),
    sent_at: z.iso.datetime().nullable(),
    created_by: Author,
    created_at: z.iso.datetime(),
    edited_at: z.iso.datetime().nullable(),
    resolved_by: Author.nullable(),
    resolved_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Comment' });
export type Comment = z.infer<typeof Comment>;

export const CommentsQuery = PageQuery.extend({
  limit: z.coerce.number().int().min(1).max(100).default(100),
  from: Tree.optional().describe('`from` of the diff in which `place` is. Default: where the session began'),
  to: Tree.optional().describe('`to` of that diff. Default: the state after the last run'),
  path: DiffFileQuery.shape.path.optional().describe('Only comments on this file'),
  status: z.enum(COMMENT_STATUSES).optional(),
});
export type CommentsQuery = z.infer<typeof CommentsQuery>;

/** The trees of a diff. */
export type CommentTrees = Pick<CommentsQuery, 'from' | 'to'>;

/** Oldest first. With `path` or `status`, a page may have fewer comments than `limit`, even none, and still not be the last one. */
export const CommentPage = pageOf(Comment, 'CommentPage');
export type CommentPage = z.infer<typeof CommentPage>;

/** Body of `POST /api/sessions/{session_id}/comments`. */
export const CreateComment = z
  .strictObject({
    tree: Tree.describe('`to` of the diff for its new side, `from` for its old one'),
    path: DiffFileQuery.shape.path.describe('The path in that tree'),
    side: z.enum(COMMENT_SIDES),
    first_line: line,
    last_line: line,
    text,
  })
  .refine(({ first_line: first, last_line: last }) => first <= last, {
    path: ['last_line'],
    message: 'is before first_line',
  })
  .meta({
    id: 'CreateComment',
    examples: [
      {
        tree: '9f2b7c1d4e8a6b3c5d7e9f0a1b2c3d4e5f6a7b8c',
        path: 'src/days-in-month.ts',
        side: 'new',
        first_line: 4,
        last_line: 5,
        text: 'Centuries are no leap years.',
      },
    ],
  });
export type CreateComment = z.infer<typeof CreateComment>;

/** Body of `PATCH /api/sessions/{session_id}/comments/{comment_id}`. */
export const UpdateComment = z
  .strictObject({
    text: text.optional().describe('Of a comment of your own that has not been sent'),
    resolved: z.boolean().optional(),
  })
  .refine((body) => body.text !== undefined || body.resolved !== undefined, 'give text or resolved')
  .meta({ id: 'UpdateComment', minProperties: 1, examples: [{ resolved: true }] });
export type UpdateComment = z.infer<typeof UpdateComment>;

/** Body of `POST /api/sessions/{session_id}/comments/send`. */
export const SendComments = z
  .strictObject({
    comment_ids: z
      .array(Id)
      .min(1)
      .max(MAX_COMMENTS)
      .optional()
      .describe('Only these. Those of them that were sent or resolved meanwhile are left out'),
  })
  .meta({ id: 'SendComments', examples: [{}] });
export type SendComments = z.infer<typeof SendComments>;

/** The prompt that the comments became. */
export const SentComments = z
  .object({
    run_id: z.uuid(),
    comment_ids: z.array(z.uuid()).describe('Comments that did not fit into the prompt are not among them'),
    run: Run,
  })
  .meta({ id: 'SentComments' });
export type SentComments = z.infer<typeof SentComments>;
