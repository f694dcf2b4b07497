import { z } from 'zod';
import { APPROVAL_MODES, ApprovalMode } from './approval-questions.js';
import { DiffStat } from './diffs.js';
import { ModelName, REASONING_EFFORTS, ReasoningEffort } from './models.js';
import { NeedsYou, SessionRead } from './needs-you.js';
import { Network, NetworkAnswer } from './network.js';
import { openEnum } from './open-reading.js';
import { pageOf, PageQuery } from './pagination.js';
import { PROBLEM_CODES } from './problems.js';
import { PullRequestSummary } from './pull-requests.js';
import { SessionRewind } from './rewinds.js';
import { LastPush } from './shipping.js';
import { RUN_STATUSES } from './runs.js';
import { SecretNames } from './secrets.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

export const SESSION_STATUSES = ['provisioning', 'ready', 'failed', 'archived'] as const;
export const SessionStatus = z.enum(SESSION_STATUSES);
export type SessionStatus = z.infer<typeof SessionStatus>;

/** tenant: everybody in the organisation sees it. private: only its owner does. */
export const SESSION_VISIBILITIES = ['tenant', 'private'] as const;
export const SessionVisibility = z.enum(SESSION_VISIBILITIES);
export type SessionVisibility = z.infer<typeof SessionVisibility>;

export const SESSION_TRANSITIONS: TransitionTable<SessionStatus> = {
  provisioning: ['ready', 'failed'],
  ready: ['archived'],
  failed: ['archived', 'provisioning'],
  archived: ['ready', 'failed'],
};

/** Why a session failed: a stable code, and a sentence that says what to do. */
export const SessionFailure = z
  .object({
    code: openEnum(PROBLEM_CODES),
    title: z.string().optional().describe('What went wrong, in a few words'),
    detail: z.string().describe('What went wrong and what to do about it, for a person'),
  })
  .meta({ id: 'SessionFailure' });
export type SessionFailure = z.infer<typeof SessionFailure>;

/** What a repository refers to and does not hold itself: contents of files in Git LFS, and the files of its submodules. */
export const REPOSITORY_PARTS = ['lfs', 'submodules'] as const;
export const RepositoryPart = z.enum(REPOSITORY_PARTS);
export type RepositoryPart = z.infer<typeof RepositoryPart>;

/** What a clone does not have, although the repository does. */
export const SessionNotice = z
  .object({
    code: openEnum(['lfs_files_missing', 'submodules_missing']),
    detail: z.string().describe('What is missing and what to do about it, for a person'),
  })
  .meta({ id: 'SessionNotice' });
export type SessionNotice = z.infer<typeof SessionNotice>;

/** Shell commands that run once in the workspace before any prompt, to install what the agent needs. */
export const Setup = z
  .strictObject({
    script: writtenText(20_000).describe('A bash script; it stops at the first command that fails'),
    network: Network.optional().describe("What the script may reach. Default: the session's network"),
  })
  .meta({ id: 'Setup', examples: [{ script: 'npm ci', network: { mode: 'on' } }] });
export type Setup = z.infer<typeof Setup>;

/** A setup in an answer, which may have more fields on a newer server. The API's description shows it as `Setup`. */
const SetupAnswer = z.object({ script: z.string(), network: NetworkAnswer.optional() }).meta({
  type: undefined,
  properties: undefined,
  required: undefined,
  additionalProperties: undefined,
  $ref: '#/components/schemas/Setup',
});

export const Session = z
  .object({
    session_id: z.uuid(),
    title: z.string(),
    repo_url: z.string().nullable().describe('null: the session started on an empty repository'),
    ref: z.string().nullable().describe('The requested branch, tag or commit; null: the default branch'),
    include: z
      .array(openEnum(REPOSITORY_PARTS))
      .optional()
      .describe('What was to be fetched with the repository; `notices` say what could not be'),
    base_commit: z.string().nullable().describe('The commit the session started from'),
    repo_path: z.string().describe("The clone's folder on the runner"),
    thread_id: z.string().nullable(),
    model: z.string().nullable().describe("null: the platform's default model"),
    reasoning_effort: openEnum(REASONING_EFFORTS)
      .nullable()
      .optional()
      .describe("How long the model reasons; null: the model's own default"),
    network: NetworkAnswer.describe("What the agent's commands may reach"),
    trust_repository: z
      .boolean()
      .optional()
      .describe(
        "true: Codex starts what the repository's `.codex` folder names, such as MCP servers and skills, in the jail",
      ),
    approval_mode: openEnum(APPROVAL_MODES)
      .optional()
      .describe(
        'ask: Codex asks before every command that it does not know to be harmless, and before it changes files. never: it does ' +
          'what the sandbox allows',
      ),
    secrets: z
      .array(z.string())
      .optional()
      .describe('Names of the secrets that its setup and its agent get as environment variables'),
    setup: SetupAnswer.nullable(),
    setup_status: openEnum(RUN_STATUSES)
      .nullable()
      .describe(
        'Status of the last setup run; null: there was none. Prompts wait until it has succeeded or the script is removed',
      ),
    last_run_status: openEnum(RUN_STATUSES)
      .nullable()
      .optional()
      .describe('How the last prompt that has ended did; null: none has ended'),
    last_run_by: z.string().nullable().optional().describe('`user_id` of who wrote that prompt'),
    needs_you: NeedsYou.nullable()
      .optional()
      .describe('Why the session waits for a person, and for whom; null: it waits for nobody'),
    news_at: z.iso
      .datetime()
      .optional()
      .describe('When something last happened that people read: a run ended, or the session failed'),
    read_at: SessionRead.shape.read_at
      .optional()
      .describe(
        'Only in lists: until then the caller has read what happened. The session is unread while `news_at` is later. ' +
          'null: the caller has neither opened it nor worked in it',
      ),
    owner_id: z
      .string()
      .optional()
      .describe(
        '`user_id` of the person who the session belongs to: who created it, or to whom it was handed over',
      ),
    visibility: openEnum(SESSION_VISIBILITIES)
      .optional()
      .describe(
        'private: only its owner reads it. To those who may stop and delete the private sessions of others, an answer has a ' +
          'placeholder as `title`, and no repository, settings or changes',
      ),
    status: openEnum(SESSION_STATUSES),
    failure: SessionFailure.nullable(),
    notices: z
      .array(SessionNotice)
      .optional()
      .describe("What the session's clone lacks. Empty if it has everything"),
    active_run_id: z.uuid().nullable().describe('The run that is running now'),
    queued_runs: z.int(),
    queue_held: z
      .boolean()
      .optional()
      .describe(
        'true: a prompt was stopped, and the prompts that waited behind it start only when the queue is resumed',
      ),
    rewind: SessionRewind.nullable()
      .optional()
      .describe('The last time that it went back to before a run; null: never, or a run has started since'),
    forked_from: z
      .object({ session_id: z.uuid(), run_id: z.uuid() })
      .nullable()
      .optional()
      .describe('It began as that session was after that run; null: it began with a clone'),
    last_push: LastPush.nullable()
      .optional()
      .describe('Where its work was last pushed to; null: nowhere yet'),
    diff: DiffStat.nullable(),
    pull_request: PullRequestSummary.nullable().optional().describe('null: none was asked for'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime().describe('Time of the last activity; lists are ordered by it'),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

/** In characters. */
export const MAX_TITLE_LENGTH = 200;

const title = writtenText(MAX_TITLE_LENGTH);

const trustRepository = z
  .boolean()
  .describe(
    "Whether Codex starts what the repository's `.codex` folder names, such as MCP servers and skills. They run in the jail, " +
      "with the session's network and without keys. Its AGENTS.md always applies",
  );

const approvalMode = ApprovalMode.describe(
  'never: Codex does what the sandbox allows. ask: Codex asks before every command that it does not know to be harmless, and ' +
    'before it changes files; see `GET /api/approvals`. Applies to runs that start from now on',
);

const secrets = SecretNames.describe(
  'Names of secrets that the setup and the agent of future runs get as environment variables, and with them whoever can send prompts',
);

export const CreateSession = z
  .strictObject({
    repo_url: z
      .string()
      .min(1)
      .max(2000)
      .optional()
      .describe('An https or ssh address. Leave it out to start with an empty repository'),
    ref: z.string().min(1).max(250).optional(),
    include: z
      .array(RepositoryPart)
      .max(REPOSITORY_PARTS.length)
      .optional()
      .describe(
        'What to fetch with the repository. lfs: the contents of files in Git LFS. submodules: the files of its submodules, ' +
          'and of theirs, each with the credential and the right of the owner that its own address asks for. Default: nothing; ' +
          '`notices` say what is missing',
      ),
    title: title.optional(),
    model: ModelName.optional(),
    reasoning_effort: ReasoningEffort.optional(),
    network: Network.optional().describe('Default: off'),
    trust_repository: trustRepository.optional(),
    approval_mode: approvalMode.optional().describe('Default: never'),
    secrets: secrets.optional(),
    setup: Setup.optional(),
    visibility: SessionVisibility.optional().describe('Default: tenant'),
  })
  .meta({
    id: 'CreateSession',
    examples: [{ repo_url: 'https://github.com/octocat/Hello-World.git', ref: 'master' }],
  });
export type CreateSession = z.infer<typeof CreateSession>;

/** Renames, archives, unarchives or sets up a session again, or changes the network, trust, secrets or setup script of future runs. */
export const UpdateSession = z
  .strictObject({
    title: title.optional(),
    status: z
      .enum(['archived', 'ready', 'provisioning'])
      .optional()
      .describe(
        'archived: archive it. ready: unarchive it; a session that had failed is `failed` again. ' +
          'provisioning: set up a failed session again, with its setup script; prompts that failed with it have to be sent again',
      ),
    network: Network.optional(),
    trust_repository: trustRepository.optional(),
    approval_mode: approvalMode.optional(),
    secrets: secrets.optional(),
    setup: Setup.nullish().describe(
      'null: continue without a setup script. `POST …/setup` runs a new script',
    ),
    queue_held: z.literal(false).optional().describe('false: resume the queue'),
    owner_id: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe(
        '`user_id` of the member to hand the session over to, who must be allowed to change sessions. Of a private session they ' +
          'become its only reader, so no run of it may work or wait. Only its owner hands over a session, or, unless it is ' +
          'private, who may stop and delete private sessions',
      ),
    visibility: SessionVisibility.optional().describe(
      'Changed by the session’s owner only, and to private only while no run works or waits',
    ),
  })
  .refine(
    (body) => Object.keys(body).length > 0,
    'give title, status, network, trust_repository, approval_mode, secrets, setup, queue_held, visibility or owner_id',
  )
  .meta({ id: 'UpdateSession', minProperties: 1 });
export type UpdateSession = z.infer<typeof UpdateSession>;

export const SessionsQuery = PageQuery.extend({
  archived: z
    .stringbool()
    .default(false)
    .meta({ type: 'boolean', description: 'true: list archived sessions instead of live ones' }),
  status: SessionStatus.optional().describe(
    'Only sessions with this status; takes precedence over `archived`',
  ),
  needs_you: z
    .stringbool()
    .optional()
    .meta({ type: 'boolean', description: 'true: only sessions that wait for the caller' }),
  unread: z.stringbool().optional().meta({
    type: 'boolean',
    description: 'true: only sessions with something that the caller has not read',
  }),
  repository: writtenText(2000).optional().describe('Only sessions on the repository with this address'),
  q: writtenText(200).optional().describe('Only sessions with this text in the title or the address'),
});
export type SessionsQuery = z.infer<typeof SessionsQuery>;

export const SessionPage = pageOf(Session, 'SessionPage');
export type SessionPage = z.infer<typeof SessionPage>;
