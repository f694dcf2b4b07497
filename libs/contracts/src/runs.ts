import { z } from 'zod';
import { Author } from './authors.js';
import { DeclaredCheck, MAX_CHECKS } from './declared-checks.js';
import { openEnum } from './open-reading.js';
import { Id } from './ids.js';
import { InputImage, MOST_IMAGES_PER_PROMPT, PromptImage } from './images.js';
import { Item } from './items.js';
import { ModelName, REASONING_EFFORTS, ReasoningEffort } from './models.js';
import { pageOf, PageQuery, Timestamp } from './pagination.js';
import { DiffStat, treeId } from './diffs.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

export const RUN_STATUSES = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted',
] as const;
export const RunStatus = z.enum(RUN_STATUSES);
export type RunStatus = z.infer<typeof RunStatus>;

/**
 * A queued run can end without having started: its runner refused it, or was lost before the first event. A waiting run has asked
 * a person: until the answer takes effect, it takes no place and no time from its limit.
 */
export const RUN_TRANSITIONS: TransitionTable<RunStatus> = {
  queued: ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'],
  running: ['waiting', 'succeeded', 'failed', 'cancelled', 'interrupted'],
  waiting: ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'],
  succeeded: [],
  failed: [],
  cancelled: [],
  interrupted: [],
};

/** Tokens that a run used, as the model server counted them. */
export const Usage = z
  .object({
    input_tokens: z.int(),
    cached_input_tokens: z.int(),
    output_tokens: z.int(),
    reasoning_output_tokens: z.int(),
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof Usage>;

/** How much of what a model can read at once a session's conversation takes. */
export const ContextUsage = z
  .object({
    used_tokens: z.int().describe('Of the last call to the model, or an estimate after a compaction'),
    window_tokens: z.int().positive().describe('The most that the model can read at once'),
  })
  .meta({ id: 'ContextUsage' });
export type ContextUsage = z.infer<typeof ContextUsage>;

/**
 * prompt: a person's prompt, for Codex. setup: the session's setup script, for a shell. review: Codex looks for mistakes in
 * changes. compact: Codex replaces its conversation by a summary. check: the commands that the repository declares as its
 * checks, on a fresh checkout of one tree. edit: a person's own change of the files. proposal: Codex writes the message of a
 * commit, aside from its conversation and from the files.
 */
export const RUN_KINDS = ['prompt', 'setup', 'review', 'compact', 'check', 'edit', 'proposal'] as const;
export const RunKind = z.enum(RUN_KINDS);
export type RunKind = z.infer<typeof RunKind>;

const WITHOUT_CODEX: readonly RunKind[] = ['setup', 'check', 'edit'];

/** Whether Codex works on such a run, and calls a model. */
export const isCodexRun = (kind: RunKind): boolean => !WITHOUT_CODEX.includes(kind);

/** Whether it is part of the session's conversation with Codex, which people queue, order and stop. */
export const isInConversation = (kind: RunKind): boolean => isCodexRun(kind) && kind !== 'proposal';

/** Whether it works in a folder of its own, and never has the session's files. */
export const isAside = (kind: RunKind): boolean => kind === 'check' || kind === 'proposal';

/** In characters. */
export const MAX_EDIT_SUMMARY = 500;
/** In characters. */
export const MAX_PROMPT_LENGTH = 100_000;

/** A commit of the repository, and the tree of a work tree that has it. What is different in the session has changed there. */
const SessionBase = z.strictObject({ commit: z.string(), tree: treeId });
export type SessionBase = z.infer<typeof SessionBase>;

const instructions = z.string().min(1).max(MAX_PROMPT_LENGTH);

/** What a review is about. `commit` is where the session's repository was when the session began. */
const ReviewInput = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('changes') }),
  z.strictObject({ type: z.literal('base'), commit: z.string().regex(/^[0-9a-f]{40,64}$/) }),
  z.strictObject({ type: z.literal('custom'), instructions }),
]);

const model = {
  /** Left out: the platform's default model. */
  model: ModelName.optional(),
  /** Left out: the model's own default. */
  effort: ReasoningEffort.optional(),
};

/** What a run is asked to do, by its kind. */
export const RunInput = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('prompt'),
    prompt: instructions,
    ...model,
    /** In the order in which the person attached them. Left out: there are none. */
    images: z.array(InputImage).max(MOST_IMAGES_PER_PROMPT).optional(),
  }),
  z.strictObject({ kind: z.literal('setup'), script: instructions }),
  z.strictObject({ kind: z.literal('review'), target: ReviewInput, ...model }),
  z.strictObject({ kind: z.literal('compact'), ...model }),
  z.strictObject({
    kind: z.literal('check'),
    /** What is checked. Left out: the files as they are when the run starts. */
    tree: z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .optional(),
    checks: z.array(DeclaredCheck).max(MAX_CHECKS),
    /** Names of the secrets that they get. */
    secrets: z.array(z.string()).optional(),
  }),
  z.strictObject({
    kind: z.literal('edit'),
    /** What the person did, for people. */
    summary: z.string().min(1).max(MAX_EDIT_SUMMARY),
    /** The change, as two trees of the session. It is merged into the files as they are when the run starts. */
    change: z.strictObject({ from: treeId, to: treeId }),
    /** What the files become. Left out: the run has not been claimed. */
    target: treeId.optional(),
    /** Of an update, and of what undoes one: where the session's changes began before it, and begin after it. */
    base: z.strictObject({ from: SessionBase, to: SessionBase }).optional(),
  }),
  z.strictObject({
    kind: z.literal('proposal'),
    /** What the commit changes, as two trees of the session. */
    change: z.strictObject({ from: treeId, to: treeId }),
    /** What Codex is told. Left out: the run has not been handed over. */
    prompt: instructions.optional(),
    ...model,
  }),
]);
export type RunInput = z.infer<typeof RunInput>;
export type RunInputOf<K extends RunKind> = Extract<RunInput, { kind: K }>;

/** The text of a run's input. Answers and `run.started` events carry it as `prompt`, for every kind of run. */
export function textOfInput(input: RunInput): string {
  switch (input.kind) {
    case 'prompt':
      return input.prompt;
    case 'setup':
      return input.script;
    case 'review':
      return textOfReview(input.target);
    case 'compact':
      return 'Compact the conversation.';
    case 'check':
      return `Run the checks: ${input.checks.map(({ name }) => name).join(', ')}`;
    case 'edit':
      return input.summary;
    case 'proposal':
      return 'Propose a commit message.';
  }
}

function textOfReview(target: z.infer<typeof ReviewInput>): string {
  switch (target.type) {
    case 'changes':
      return 'Review the changes that are not committed.';
    case 'base':
      return 'Review everything that has changed since the session began.';
    case 'custom':
      return target.instructions;
  }
}

/** The inverse of `textOfInput`, of a prompt or a script that is only text. */
export const toRunInput = (kind: 'prompt' | 'setup', text: string): RunInput =>
  kind === 'setup' ? { kind, script: text } : { kind, prompt: text };

/** What came of a run that has ended. */
export const RunResult = z
  .object({
    final_message: z
      .string()
      .nullable()
      .describe(
        "The agent's last message; null: there was none, or the run ended before results were recorded",
      ),
    usage: Usage.nullable(),
    files_changed: z
      .int()
      .nullable()
      .describe('null, as the other counts: the workspace could not be compared'),
    additions: z.int().nullable(),
    deletions: z.int().nullable(),
  })
  .meta({ id: 'RunResult' });
export type RunResult = z.infer<typeof RunResult>;

export const Run = z
  .object({
    run_id: z.uuid(),
    session_id: z.uuid(),
    kind: openEnum(RUN_KINDS),
    prompt: z
      .string()
      .describe('Of a setup run the script, of a review what it is about, of any other run a sentence'),
    model: z
      .string()
      .nullable()
      .optional()
      .describe("The model of a prompt; null: the platform's default. Links to a session do not show it"),
    reasoning_effort: openEnum(REASONING_EFFORTS)
      .nullable()
      .optional()
      .describe("How long the model reasons; null: the model's own default"),
    images: z
      .array(PromptImage)
      .optional()
      .describe('Images of the prompt. Left out: it has none. Links to a session do not show them'),
    status: openEnum(RUN_STATUSES),
    held: z
      .boolean()
      .optional()
      .describe('true: it is queued, and starts only when the queue of its session is resumed'),
    queue_position: z
      .int()
      .nullable()
      .optional()
      .describe(
        'Of a prompt that waits: those of its session start in ascending order, held ones last. null: it does not wait, or a runner has it already',
      ),
    error: z.string().nullable().describe('Why the run failed and what to do'),
    usage: Usage.nullable(),
    context: ContextUsage.nullable()
      .optional()
      .describe('Of the conversation when the run ended; null: not known. Links to a session do not show it'),
    diff: DiffStat.nullable().describe('What this run changed'),
    created_by: Author.optional().describe('Who wrote the prompt, or had the setup script run'),
    edited_by: Author.nullable().optional().describe('Who last edited the prompt; null: nobody did'),
    edited_at: z.iso.datetime().nullable().optional(),
    cancelled_by: Author.nullable().optional().describe('Who asked for its end; null: nobody did'),
    rewound_at: z.iso
      .datetime()
      .nullable()
      .optional()
      .describe(
        'When the session went back to before it: its files and its conversation have nothing of it any more. null: it counts',
      ),
    result: RunResult.nullable().optional().describe('null: the run has not ended. Lists leave it out'),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;

export const PromptSession = z
  .strictObject({
    prompt: writtenText(MAX_PROMPT_LENGTH),
    model: ModelName.optional().describe('For this prompt. Default: that of the session'),
    reasoning_effort: ReasoningEffort.optional().describe('For this prompt. Default: that of the session'),
    images: z
      .array(Id)
      .max(MOST_IMAGES_PER_PROMPT)
      .refine((ids) => new Set(ids).size === ids.length, 'names an image twice')
      .optional()
      .describe('Ids of images that were uploaded to this session, in the order in which Codex sees them'),
  })
  .meta({ id: 'PromptSession', examples: [{ prompt: 'Explain this repository.' }] });
export type PromptSession = z.infer<typeof PromptSession>;

/** Body of `POST /api/sessions/{session_id}/reviews`. */
export const StartReview = z
  .strictObject({
    target: z
      .discriminatedUnion('type', [
        z.strictObject({ type: z.literal('changes') }),
        z.strictObject({ type: z.literal('base') }),
        z.strictObject({ type: z.literal('custom'), instructions: writtenText(MAX_PROMPT_LENGTH) }),
      ])
      .describe(
        'changes: what is not committed. base: all that has changed since the session began. custom: what the instructions say',
      ),
  })
  .meta({ id: 'StartReview', examples: [{ target: { type: 'changes' } }] });
export type StartReview = z.infer<typeof StartReview>;

/** Body of `PATCH /api/runs/{run_id}`, for a prompt that waits. */
export const EditPrompt = z
  .strictObject({
    prompt: writtenText(MAX_PROMPT_LENGTH),
    if_edited_at: Timestamp.nullable()
      .optional()
      .describe('`edited_at` as you read it: the edit is refused if somebody has edited the prompt since'),
  })
  .meta({
    id: 'EditPrompt',
    examples: [{ prompt: 'Explain this repository in one page.', if_edited_at: null }],
  });
export type EditPrompt = z.infer<typeof EditPrompt>;

export const CancelRunQuery = z.object({
  if_queued: z.stringbool().default(false).meta({
    type: 'boolean',
    description: 'true: only if it is a prompt that waits, so that one which has just started goes on',
  }),
});
export type CancelRunQuery = z.infer<typeof CancelRunQuery>;

/** Body of `POST /api/sessions/{session_id}/queue`. */
export const OrderQueue = z
  .strictObject({
    run_ids: z
      .array(Id)
      .min(1)
      .max(10_000)
      .describe('Exactly the prompts that wait, in their new order. Held ones stay behind the others'),
  })
  .meta({ id: 'OrderQueue', examples: [{ run_ids: ['01a20ab5-ad03-774a-840c-f8dd44ecbc3d'] }] });
export type OrderQueue = z.infer<typeof OrderQueue>;

/** The prompts of a session that wait and that no runner has yet, in the order in which they will start. */
export const Queue = z.object({ items: z.array(Run) }).meta({ id: 'Queue' });
export type Queue = z.infer<typeof Queue>;

export const RunsQuery = PageQuery.extend({
  status: RunStatus.optional(),
  session_id: Id.optional(),
  kind: RunKind.optional(),
  created_after: Timestamp.optional().describe('Only runs that were created after this time'),
  created_before: Timestamp.optional(),
});
export type RunsQuery = z.infer<typeof RunsQuery>;

/** Items of a run, in the order in which they were completed; those that are not complete come last. */
export const RunItemPage = pageOf(Item, 'RunItemPage');
export type RunItemPage = z.infer<typeof RunItemPage>;

export const RunPage = pageOf(Run, 'RunPage');
export type RunPage = z.infer<typeof RunPage>;
