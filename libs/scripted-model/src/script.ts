import { z } from 'zod';
import type { Turn } from './turn.js';

/** Durations are for pace 1. Pace 0 does not wait at all. */
const ms = z.int().nonnegative();
/** How often a failing step fails before the turn continues. Codex tries again after most failures. */
const times = z.int().positive().optional();

/** One step of a turn. `command`, `patch` and `plan` are calls: the model waits for their output. */
export const Step = z.discriminatedUnion('do', [
  /** Streams a message word by word, or in the given chunks. */
  z.strictObject({
    do: z.literal('message'),
    text: z.string(),
    chunks: z.array(z.string()).optional(),
    chunkMs: ms.optional(),
  }),
  z.strictObject({ do: z.literal('reasoning'), text: z.string(), chunkMs: ms.optional() }),
  z.strictObject({ do: z.literal('command'), cmd: z.string() }),
  /** `*** Begin Patch …`, sent as a shell command with apply_patch, which Codex accepts under every model name. */
  z.strictObject({ do: z.literal('patch'), patch: z.string() }),
  /** Requires `tools.update_plan.enabled=true` in Codex's settings. */
  z.strictObject({
    do: z.literal('plan'),
    items: z.array(
      z.strictObject({ step: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) }),
    ),
  }),
  z.strictObject({ do: z.literal('pause'), ms }),
  /** Waits until the test opens the gate. */
  z.strictObject({ do: z.literal('gate'), name: z.string().regex(/^[\w-]+$/) }),
  /** Responds with an HTTP status if it is the first step of a response; otherwise the same as `failure`. */
  z.strictObject({
    do: z.literal('error'),
    status: z.int().min(300).max(599),
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    times,
  }),
  /** Sends `response.failed` in the stream. */
  z.strictObject({ do: z.literal('failure'), code: z.string(), message: z.string(), times }),
  /** Breaks the connection after a part of a message. */
  z.strictObject({ do: z.literal('drop'), after: z.string().default(''), times }),
  /** Streams a message that never ends. It waits at any pace. */
  z.strictObject({ do: z.literal('endless'), text: z.string().default('and on '), everyMs: ms.default(20) }),
  /** Streams a message of this length as fast as it is read. */
  z.strictObject({ do: z.literal('huge'), chars: z.int().positive() }),
]);
export type Step = z.infer<typeof Step>;
export type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

type CallStep = StepOf<'command' | 'patch' | 'plan'>;
const isCall = (step: Step): step is CallStep => ['command', 'patch', 'plan'].includes(step.do);

/**
 * What the model does in a turn. `yield` of a call returns its output:
 *
 *   const listing = yield { do: 'command', cmd: 'ls' };
 *
 * Codex sends a new request after each call, and the model is stateless: each time, the script runs from its beginning with the
 * outputs in the request. So it must depend only on the turn.
 */
export type Script = (turn: Turn) => Generator<Step, void, string>;

export interface PlacedStep {
  step: Step;
  /** Position in the turn, from 0. */
  index: number;
}

/** Returns the steps of the next response: those after the calls that have an output, up to the next call. */
export function stepsToPlay(script: Script, turn: Turn): PlacedStep[] {
  const run = script(turn);
  let answered = 0;
  let steps: PlacedStep[] = [];
  let output = '';
  for (let index = 0; ; index += 1) {
    const { value: step, done } = run.next(output);
    if (done) return steps;
    steps.push({ step, index });
    output = '';
    if (!isCall(step)) continue;
    if (answered === turn.outputs.length) return steps;
    output = turn.outputs[answered++] ?? '';
    steps = [];
  }
}
