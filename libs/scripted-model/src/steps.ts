import { z } from 'zod';

/** All times are at pace 1; pace 0 does not wait at all. */
const ms = z.int().nonnegative();
/** How often a failing step fails before the turn goes on; Codex asks again after most failures. */
const times = z.int().positive().optional();

/** What the scripted model can do, one after the other. The three `call` kinds wait for what Codex answers. */
export const Step = z.discriminatedUnion('do', [
  /** Streams word by word, or in the given chunks. */
  z.strictObject({
    do: z.literal('message'),
    text: z.string(),
    chunks: z.array(z.string()).optional(),
    chunkMs: ms.optional(),
  }),
  z.strictObject({ do: z.literal('reasoning'), text: z.string(), chunkMs: ms.optional() }),
  z.strictObject({ do: z.literal('command'), cmd: z.string() }),
  /** `*** Begin Patch …`; goes through the shell form of apply_patch, which Codex takes under every model name. */
  z.strictObject({ do: z.literal('patch'), patch: z.string() }),
  /** Needs `tools.update_plan.enabled=true` in Codex's settings. */
  z.strictObject({
    do: z.literal('plan'),
    items: z.array(
      z.strictObject({ step: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) }),
    ),
  }),
  z.strictObject({ do: z.literal('pause'), ms }),
  /** Waits until the test opens the gate. */
  z.strictObject({ do: z.literal('gate'), name: z.string().regex(/^[\w-]+$/) }),
  /** An HTTP status, when it stands first in an answer. */
  z.strictObject({
    do: z.literal('error'),
    status: z.int().min(300).max(599),
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    times,
  }),
  /** `response.failed` in the stream. */
  z.strictObject({ do: z.literal('failure'), code: z.string(), message: z.string(), times }),
  /** The connection breaks, after a part of a message. */
  z.strictObject({ do: z.literal('drop'), after: z.string().default(''), times }),
  /** A message that never ends; it waits at any pace. */
  z.strictObject({ do: z.literal('endless'), text: z.string().default('and on '), everyMs: ms.default(20) }),
  /** A message of that many characters, as fast as it is read. */
  z.strictObject({ do: z.literal('huge'), chars: z.int().positive() }),
]);
export type Step = z.infer<typeof Step>;
export type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

export type CallStep = StepOf<'command' | 'patch' | 'plan'>;
export const isCall = (step: Step): step is CallStep => ['command', 'patch', 'plan'].includes(step.do);
