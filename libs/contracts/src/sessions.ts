import { z } from 'zod';
import { pageOf, PageQuery } from './pagination.js';
import { PROBLEM_CODES } from './problems.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

export const SESSION_STATUSES = ['provisioning', 'ready', 'failed', 'archived'] as const;
export const SessionStatus = z.enum(SESSION_STATUSES);
export type SessionStatus = z.infer<typeof SessionStatus>;

export const SESSION_TRANSITIONS: TransitionTable<SessionStatus> = {
  provisioning: ['ready', 'failed'],
  ready: ['archived'],
  failed: ['archived'],
  archived: [],
};

/** How much the workspace differs from the commit that the session started on. */
export const DiffStat = z
  .object({ files: z.int(), additions: z.int(), deletions: z.int() })
  .meta({ id: 'DiffStat' });
export type DiffStat = z.infer<typeof DiffStat>;

/** Why a session failed: a stable code and a sentence that says what to do. */
export const SessionFailure = z
  .object({ code: z.enum(PROBLEM_CODES), detail: z.string() })
  .meta({ id: 'SessionFailure' });
export type SessionFailure = z.infer<typeof SessionFailure>;

export const Session = z
  .object({
    session_id: z.uuid(),
    title: z.string(),
    repo_url: z.string().nullable().describe('null: the session started on an empty repository'),
    ref: z
      .string()
      .nullable()
      .describe('The branch, tag or commit that was asked for; null: the default branch'),
    base_commit: z.string().nullable().describe('The commit that the session started on'),
    repo_path: z.string().describe("The clone's folder on the runner"),
    thread_id: z.string().nullable(),
    model: z.string().nullable().describe("null: the platform's default model"),
    status: SessionStatus,
    failure: SessionFailure.nullable(),
    active_run_id: z.uuid().nullable().describe('The run that is running now'),
    queued_runs: z.int(),
    diff: DiffStat.nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime().describe('Last activity: lists are ordered by it'),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

const title = writtenText(200);
const model = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/, 'is not a model name');

export const CreateSession = z
  .strictObject({
    repo_url: z
      .string()
      .min(1)
      .max(2000)
      .optional()
      .describe('https or ssh; leave out for an empty repository'),
    ref: z.string().min(1).max(250).optional(),
    title: title.optional(),
    model: model.optional(),
  })
  .meta({
    id: 'CreateSession',
    examples: [{ repo_url: 'https://github.com/octocat/Hello-World.git', ref: 'master' }],
  });
export type CreateSession = z.infer<typeof CreateSession>;

/** Renames or archives. */
export const UpdateSession = z
  .strictObject({ title: title.optional(), status: z.literal('archived').optional() })
  .refine((body) => Object.keys(body).length > 0, 'give title or status')
  .meta({ id: 'UpdateSession' });
export type UpdateSession = z.infer<typeof UpdateSession>;

export const SessionsQuery = PageQuery.extend({
  archived: z.stringbool().default(false).describe('true: archived sessions instead of live ones'),
});
export type SessionsQuery = z.infer<typeof SessionsQuery>;

export const SessionPage = pageOf(Session, 'SessionPage');
export type SessionPage = z.infer<typeof SessionPage>;
