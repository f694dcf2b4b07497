import { z } from 'zod';
import { Author } from './authors.js';
import { Id } from './ids.js';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { treeId } from './diffs.js';
import { isRefName } from './ref-name.js';
import { RUN_STATUSES } from './runs.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

/*
 * How the work of a session goes out: a commit is made of its files, then pushed to a branch of its repository.
 *
 *     files now ── POST commits ──► commit ── POST pushes ──► pending ──► pushed
 *                                                                └──────► failed
 */

/**
 * squash: one commit. per_run: one for the files after each run, by the person who prompted it. agent: one for each that Codex has
 * made in its clone.
 */
export const COMMIT_MODES = ['squash', 'per_run', 'agent'] as const;
export type CommitMode = (typeof COMMIT_MODES)[number];

/** In characters, of a commit's message. */
export const MAX_COMMIT_MESSAGE = 20_000;
/** Runs that get a commit each. Those before them are in the first one. */
export const MAX_COMMITS_PER_RUN = 100;

/** Commits of Codex that are shipped as they are. Of more, none are. */
export const MAX_AGENT_COMMITS = 200;
/** Paths that the list of Codex's commits names of each. */
export const MAX_REPLACED_PATHS = 100;

/** In characters: as much as the usual tools show of a commit's first line. */
export const MAX_COMMIT_SUBJECT = 72;

/** Body of `POST /api/sessions/{session_id}/commits/proposals`. */
export const ProposeCommitMessage = z
  .strictObject({
    tree: treeId
      .optional()
      .describe(
        'The state that will be committed: `to` of a diff. If the files have changed since, nothing is proposed',
      ),
  })
  .meta({
    id: 'ProposeCommitMessage',
    examples: [{ tree: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' }],
  });
export type ProposeCommitMessage = z.infer<typeof ProposeCommitMessage>;

/** The message of a commit, as Codex answers with it. */
export const CommitMessage = z.object({ subject: z.string().trim().min(1), body: z.string().trim() });
export type CommitMessage = z.infer<typeof CommitMessage>;

export const CommitProposal = z
  .object({
    run_id: z.uuid().describe('The run that writes it'),
    session_id: z.uuid(),
    status: openEnum(RUN_STATUSES).describe('Of the run'),
    tree: treeId.describe('The state that it is about'),
    outdated: z.boolean().describe('true: the files have changed since, so it is about something else'),
    message: z
      .object({ subject: z.string().max(MAX_COMMIT_SUBJECT), body: z.string() })
      .nullable()
      .describe('Written by Codex, so read it before you use it. null: there is none, or none yet'),
    error: z.string().nullable().describe('Why there is none, and what to do'),
  })
  .meta({ id: 'CommitProposal' });
export type CommitProposal = z.infer<typeof CommitProposal>;

/** Id of a git commit. */
const CommitOid = z.string().regex(/^[0-9a-f]{40}$/);

export const Commit = z
  .object({
    commit_id: z.uuid(),
    session_id: z.uuid(),
    oid: CommitOid.describe('Id of the git commit; of several, of the last one'),
    parent: CommitOid.nullable().describe(
      'The commit that it continues: the one that was pushed last, else the one that the session started from. null: the repository had none',
    ),
    tree: treeId.describe('The state of the files that it holds, as diffs name it'),
    mode: openEnum(COMMIT_MODES),
    commits: z.int().describe('How many git commits it is'),
    message: z.string().describe('Of several, of the last one'),
    left_out: z.array(z.string()).describe('Paths that it lacks, since git cannot record them'),
    signed_with: z
      .string()
      .nullable()
      .optional()
      .describe("Fingerprint of the organisation's key that signed it. null: it is not signed"),
    created_by: Author,
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Commit' });
export type Commit = z.infer<typeof Commit>;

export const CommitPage = pageOf(Commit, 'CommitPage');
export type CommitPage = z.infer<typeof CommitPage>;

export const AgentCommit = z
  .object({
    oid: CommitOid.describe('Id of the commit in the clone. The one that is shipped has another'),
    subject: z.string().max(MAX_COMMIT_SUBJECT),
    body: z.string().describe('The rest of its message, without trailers and hidden characters'),
    from: treeId.describe('The state before it: pass both to the diff'),
    to: treeId.describe('The state after it'),
    files: z.int().describe('How many files it changes'),
    replaced: z
      .array(z.string())
      .max(MAX_REPLACED_PATHS)
      .describe(
        'Files of which it holds what later commits, or changes without a commit, replace or remove: no diff of the end shows that',
      ),
    replaced_files: z.int().describe('How many those are; `replaced` may name fewer'),
  })
  .meta({ id: 'AgentCommit' });
export type AgentCommit = z.infer<typeof AgentCommit>;

export const AgentCommits = z
  .object({
    head: CommitOid.nullable().describe(
      'The last one, to be passed when they are committed. null: there is none',
    ),
    tree: treeId.describe('The files as they are now, with what is in no commit'),
    items: z.array(AgentCommit).max(MAX_AGENT_COMMITS).describe('Oldest first'),
    refused: z
      .string()
      .nullable()
      .describe('Why they cannot be shipped, and what to do. null: they can, or there is none'),
  })
  .meta({ id: 'AgentCommits' });
export type AgentCommits = z.infer<typeof AgentCommits>;

/** Body of `POST /api/sessions/{session_id}/commits`. */
export const CreateCommit = z
  .strictObject({
    message: writtenText(MAX_COMMIT_MESSAGE)
      .optional()
      .describe(
        'Of a single commit. Default: the title of the session. With `per_run`, the prompts are the messages. With `agent`, it is that of a last commit with what Codex has not committed',
      ),
    mode: z.enum(COMMIT_MODES).default('squash'),
    tree: treeId
      .optional()
      .describe(
        'The state that was reviewed: `to` of a diff. If the files have changed since, nothing is committed',
      ),
    leave_out: z
      .boolean()
      .default(false)
      .describe('Whether to commit although some files cannot be, such as those that are too large'),
    head: CommitOid.optional().describe(
      "With `agent`: `head` of the list of Codex's commits that was read. If they have changed since, nothing is committed",
    ),
    with_replaced: z
      .boolean()
      .default(false)
      .describe(
        "With `agent`: whether to commit although some of Codex's commits hold what later ones replace or remove. Read their diffs first",
      ),
  })
  .refine(({ mode, message }) => mode !== 'per_run' || message === undefined, {
    path: ['message'],
    message: 'is not for one commit per run',
  })
  .refine(({ mode, head }) => (mode === 'agent') === (head !== undefined), {
    path: ['head'],
    message: "belongs to Codex's own commits, and to no others",
  })
  .meta({
    id: 'CreateCommit',
    examples: [{ message: 'Fix the date of the invoice', tree: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' }],
  });
export type CreateCommit = z.infer<typeof CreateCommit>;

export const PUSH_STATUSES = ['pending', 'pushed', 'failed'] as const;
export type PushStatus = (typeof PUSH_STATUSES)[number];

export const PUSH_TRANSITIONS: TransitionTable<PushStatus> = {
  pending: ['pushed', 'failed'],
  pushed: [],
  failed: [],
};

/** As long as git's own names may be in most file systems. */
export const MAX_BRANCH_LENGTH = 200;

/** Whether commits can be pushed to a branch of this name. */
export const isBranchName = (name: string): boolean =>
  isRefName(name) && name.length <= MAX_BRANCH_LENGTH && !name.startsWith('refs/') && name !== 'HEAD';

export const Push = z
  .object({
    push_id: z.uuid(),
    session_id: z.uuid(),
    commit_id: z.uuid(),
    oid: CommitOid.describe('The git commit that the branch then leads to'),
    repo_url: z.string(),
    branch: z.string(),
    status: openEnum(PUSH_STATUSES).describe('pending: on its way, or tried again at `retry_at`'),
    failure: z
      .object({
        code: z.string().describe('As in a problem document'),
        title: z.string().optional(),
        detail: z.string().describe('What went wrong and what to do, for a person'),
      })
      .nullable()
      .describe('Why it failed; of a pending one, why the last try did'),
    retry_at: z.iso.datetime().nullable().describe('When it is tried again; null: now, or never'),
    base_ref: z
      .string()
      .nullable()
      .describe('The branch that the work is for; null: not known, or the repository had none'),
    host_message: z
      .string()
      .nullable()
      .describe('What the host said to the push, such as where to open a pull request'),
    created_by: Author,
    created_at: z.iso.datetime(),
    pushed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Push' });
export type Push = z.infer<typeof Push>;

export const PushPage = pageOf(Push, 'Pushes')
  .extend({
    suggested_branch: z
      .string()
      .describe(
        'Where a push goes that names no branch: the branch of the last push, else one by the pattern',
      ),
    branch_pattern: z
      .string()
      .nullable()
      .optional()
      .describe('What the name of a branch must look like, by a rule of the organisation. null: any name'),
  })
  .meta({ id: 'PushPage' });
export type PushPage = z.infer<typeof PushPage>;

/** Body of `POST /api/sessions/{session_id}/pushes`. */
export const CreatePush = z
  .strictObject({
    commit_id: Id,
    branch: z
      .string()
      .min(1)
      .max(MAX_BRANCH_LENGTH)
      .optional()
      .describe('Name of the branch. Default: `suggested_branch` of the list of pushes'),
  })
  .meta({
    id: 'CreatePush',
    examples: [{ commit_id: '01a20ab5-ad03-774a-840c-f8dd44ecbc3d', branch: 'codex/fix-the-date' }],
  });
export type CreatePush = z.infer<typeof CreatePush>;

/** The last push of a session, as the session has it. */
export const LastPush = z
  .object({
    push_id: z.uuid(),
    status: openEnum(PUSH_STATUSES),
    branch: z.string(),
    oid: CommitOid,
    retry_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'LastPush' });
export type LastPush = z.infer<typeof LastPush>;
