import { z } from 'zod';
import { ApprovalDecision, ApprovalMode } from './approval-questions.js';
import { treeId } from './diffs.js';
import { ModelName, ReasoningEffort } from './models.js';
import { Network, NETWORK_OFF } from './network.js';
import { AgentHead } from './rewinds.js';
import { toRunInput, RunInput } from './runs.js';
import { MAX_STEER_LENGTH } from './steers.js';

/**
 * The runner's HTTP API: internal, with `Authorization: Bearer SERVICE_TOKEN`. camelCase, unlike the public API.
 * A thread belongs to one session and has the session's id. Its state is in the session's folder, so any runner can
 * continue it.
 *
 * Answers are open: the backend ignores what it does not know. Requests are closed: a runner that ignored a field of a newer
 * backend might ignore a limit. So upgrade runners before backends.
 */
export const CreateThread = z.strictObject({
  /** `WORKSPACES_ROOT/<session_id>/repo` */
  workingDirectory: z.string().min(1).max(4096),
  skipGitRepoCheck: z.boolean().default(true),
  tenantId: z.string().min(1).max(100).default('local'),
  model: z.string().max(100).nullish(),
});
export type CreateThread = z.input<typeof CreateThread>;

export const ThreadCreated = z.object({ threadId: z.string() });
export type ThreadCreated = z.infer<typeof ThreadCreated>;

/** The organisation's own model server. Its key is for the runner's model proxy alone, never for a sandbox. */
export const GrantedModelServer = z.object({ base_url: z.string(), api_key: z.string() });
export type GrantedModelServer = z.infer<typeof GrantedModelServer>;

/** What a grant holds once it is opened. */
export const SecretsGrant = z.object({
  /** The run's secrets, by the names of their environment variables. */
  environment: z.record(z.string(), z.string()),
  /** Who answers its model calls; left out: the operator's server. */
  model: GrantedModelServer.optional(),
});
export type SecretsGrant = z.infer<typeof SecretsGrant>;

/**
 * Body of `POST /threads/{threadId}/warm`: what the next prompt's run will probably be started with, as in `StartRun`. A run that
 * is started otherwise gets nothing of what was prepared.
 */
export const WarmThread = z.strictObject({
  network: Network,
  model: ModelName.nullable(),
  effort: ReasoningEffort.nullable(),
  checkpoint: z.string().max(64).nullable(),
});
export type WarmThread = z.input<typeof WarmThread>;

const RunRequest = z.strictObject({
  threadId: z.uuid(),
  input: RunInput,
  network: Network.default(NETWORK_OFF),
  /** Whether Codex starts what the repository's `.codex` folder names. Only in a jail. */
  trustRepository: z.boolean().default(false),
  /** When Codex asks a person. A setup never asks. */
  approvalMode: ApprovalMode.default('never'),
  /** Whether each model call is first reserved in the backend's ledger, which must know the run. */
  metered: z.boolean().default(false),
  /** The run's secrets, sealed for it (`SecretsGrant`, libs/service-kit `run-grant.ts`). Left out: it has none. */
  grant: z.base64().max(400_000).optional(),
  /** Position in the queue, lowest first: how many runs of its tenant the runners then have. */
  priority: z.int().min(1).max(2_000_000).default(1),
  /** Makes the call idempotent: the same id again changes nothing. Left out: the runner makes one. */
  runId: z.uuid().optional(),
  /** Git tree of the workspace before the run; becomes a `checkpoint.created` event. */
  checkpoint: z.string().max(64).optional(),
  /** What people have changed in the files since Codex's last turn, for Codex alone. Left out: nothing. */
  note: z.string().max(20_000).optional(),
  /** W3C traceparent of the dispatch, for traces. */
  traceparent: z.string().max(64).optional(),
});

/** Body of `POST /runs` as the backend sends it. */
export type StartRun = z.input<typeof RunRequest>;

/**
 * Body of `POST /runs`. `{ threadId, prompt }` is short for an input of kind `prompt`; with `kind: 'setup'`, `prompt` is the
 * script (the form that backends send which do not know `input` yet).
 */
export const StartRun = RunRequest.partial({ input: true })
  .extend({ kind: z.enum(['prompt', 'setup']).optional(), prompt: z.string().min(1).max(100_000).optional() })
  .refine((body) => (body.input === undefined) !== (body.prompt === undefined), 'give either input or prompt')
  .refine((body) => body.input === undefined || body.kind === undefined, 'the kind is part of the input')
  .transform(({ input, kind = 'prompt', prompt = '', ...request }) => ({
    ...request,
    input: input ?? toRunInput(kind, prompt),
  }));

/**
 * Answer of `GET /runs/{runId}`. held: the run is queued, or a runner is executing it; otherwise it has ended, or no
 * runner knows it. A run's log is closed before the run stops being held, so a run that is not held and whose log has no
 * end was lost.
 */
export const RunHolding = z.object({ held: z.boolean() });
export type RunHolding = z.infer<typeof RunHolding>;

/** Body of `POST /runs/{runId}/answer`: the answer to a question of the run. The first answer to a question counts. */
export const AnswerRun = z.strictObject({
  requestId: z.string().min(1).max(80),
  decision: ApprovalDecision,
  /** Nobody has answered in time. */
  timedOut: z.boolean().default(false),
});
export type AnswerRun = z.input<typeof AnswerRun>;

/** Body of `POST /runs/{runId}/steer`. Repeating it with the same id changes nothing. */
export const SteerRunning = z.strictObject({
  steerId: z.uuid(),
  prompt: z.string().min(1).max(MAX_STEER_LENGTH),
});
export type SteerRunning = z.infer<typeof SteerRunning>;

/** Answer (202) of `POST /runs` and of what is sent to a run; the run's events show what happens next. */
export const RunStarted = z.object({ runId: z.uuid() });
export type RunStarted = z.infer<typeof RunStarted>;

/** A run as Codex's conversation may know it: newer turns name their run, older ones only have its prompt. */
export const RunInConversation = z.strictObject({
  runId: z.uuid(),
  /** SHA-256 of the prompt, in hexadecimal. */
  promptHash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type RunInConversation = z.infer<typeof RunInConversation>;

/**
 * Body of `POST /threads/{threadId}/conversations`: makes a conversation that ends before the turns of these runs. The thread
 * itself stays as it is until `PUT …/conversation`.
 */
export const CutConversation = z.strictObject({
  /** The thread's latest runs, oldest first. */
  without: z.array(RunInConversation).max(100_000),
  /** The session whose conversation is continued. Left out: the thread's own. */
  fromThread: z.uuid().optional(),
});
export type CutConversation = z.infer<typeof CutConversation>;

/** Codex's ids. null: nothing has been said. */
export const ConversationCut = z.object({
  conversation: z.string().nullable(),
  previous: z.string().nullable(),
});
export type ConversationCut = z.infer<typeof ConversationCut>;

/** Body of `PUT /threads/{threadId}/conversation`: what the thread's next turn continues. */
export const SetConversation = z.strictObject({ conversation: z.string().max(100).nullable() });
export type SetConversation = z.infer<typeof SetConversation>;

/** Body of `PUT /threads/{threadId}/files`: changes the work tree from one checkpoint to another. */
export const RestoreFiles = z.strictObject({
  /** The work tree as it is now. */
  from: treeId,
  to: treeId,
  /** Where the agent's own repository is to be. null: it stays where it is. */
  head: AgentHead.nullable(),
});
export type RestoreFiles = z.infer<typeof RestoreFiles>;

/** Bytes of a pack of the agent's own commits. */
export const MAX_PACK_BYTES = 16 * 1024 * 1024;

/** Body of `POST /threads/{threadId}/pack`: packs commits of the agent's own repository. */
export const PackCommits = z.strictObject({
  /** The newest. */
  head: AgentHead.shape.commit,
  /** Commits that are known already, with all that leads to them. Those that the repository lacks count for nothing. */
  without: z.array(AgentHead.shape.commit).max(10),
});
export type PackCommits = z.infer<typeof PackCommits>;

/** In base64. An agent may have made it up: whoever reads it checks every object. null: the repository has no such commit. */
export const PackedCommits = z.object({ pack: z.string().nullable() });
export type PackedCommits = z.infer<typeof PackedCommits>;
