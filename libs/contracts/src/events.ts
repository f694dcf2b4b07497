import { z } from 'zod';
import { ApprovalRequested, ApprovalResolved } from './approval-questions.js';
import { Item } from './items.js';
import { LimitReached } from './model-calls.js';
import { NETWORK_REFUSALS } from './network.js';
import { openEnum, readJson, UNKNOWN } from './open-reading.js';
import { ContextUsage, RUN_KINDS, Usage } from './runs.js';

/** Version of the envelope; grows when a reader must change. */
export const EVENT_VERSION = 1;

const Envelope = z.object({
  v: z.literal(EVENT_VERSION),
  run_id: z.uuid(),
  session_id: z.uuid(),
  tenant_id: z.string(),
  seq: z
    .int()
    .describe('Number of the durable event, from 1 without a hole; a delta has that of the event before it'),
  at: z.iso.datetime(),
});
type Envelope = z.infer<typeof Envelope>;

const event = <T extends string, D extends z.ZodType>(type: T, data: D) =>
  z.object({ ...Envelope.shape, type: z.literal(type), data });

const none = z.object({});
const item = z.object({ item: Item });

/** What was still at work in a run that was stopped, and was ended with it. */
export const Stopped = z
  .object({
    processes: z.int().describe("Of the agent's commands, or of the setup script"),
    connections: z.int().describe('To the network and to the model'),
  })
  .meta({ id: 'Stopped' });
export type Stopped = z.infer<typeof Stopped>;

/** `reason` is a sentence for a person: what happened and what to do. `stopped` is left out where nothing was stopped. */
const totals = { usage: Usage.optional(), context: ContextUsage.optional() };
const ended = z.object({ reason: z.string(), ...totals, stopped: Stopped.optional() });

/** Why a run failed, where a program can do something about it. limit_reached: a cap of tokens or money. */
export const RUN_FAILURE_CODES = ['limit_reached'] as const;
export type RunFailureCode = (typeof RUN_FAILURE_CODES)[number];

/** Every event type with its `data`. The types `item.*`, except for the delta, and `turn.*` are Codex's own. */
const EVENTS = [
  event(
    'run.started',
    z.object({
      kind: openEnum(RUN_KINDS).default('prompt'),
      /** As in `Run`. */
      prompt: z.string(),
      model: z.string().nullable(),
      runner: z.string(),
    }),
  ),
  event('run.succeeded', z.object(totals)),
  event('run.failed', ended.extend({ code: openEnum(RUN_FAILURE_CODES).optional() })),
  event('run.cancelled', ended),
  event('run.interrupted', ended),
  event('thread.started', z.object({ thread_id: z.string().describe("Codex's own thread id") })),
  event('turn.started', none),
  event('turn.completed', z.object({ usage: Usage })),
  event('turn.failed', z.object({ error: z.object({ message: z.string() }) })),
  event('item.started', item),
  event('item.updated', item),
  event('item.completed', item),
  /** Text as it grows, before its item is complete. Short-lived: it has a delta id and is not archived. */
  event(
    'item.delta',
    z.object({
      item_type: openEnum(['agent_message', 'reasoning', 'command_execution']),
      /**
       * Id of the item whose text grows. Its `item.completed` has the whole, and replaces also what has grown before of other
       * items of that type: the model was asked again. Of these, only commands have an `item.started`.
       */
      stream_id: z.string(),
      /** What was added to this text since its last delta, not the whole of it. */
      text: z.string(),
    }),
  ),
  /** The agent has been given this message, after everything before this event. Who wrote it: `GET /api/runs/{run_id}/steers`. */
  event('steer.delivered', z.object({ steer_id: z.uuid(), prompt: z.string() })),
  event('usage.updated', z.object({ usage: Usage })),
  /** How full the conversation is. Only from engines that know it. */
  event('context.updated', ContextUsage),
  /** A connection that the run's network does not allow; reported once per host, port and reason. */
  event('network.refused', z.object({ host: z.string(), port: z.int(), reason: openEnum(NETWORK_REFUSALS) })),
  /** A model call waits, since it would pass a cap of tokens or money: until somebody raises it, or until `until`. */
  event('limit.reached', LimitReached.extend({ until: z.iso.datetime() })),
  /** That call was sent after all. */
  event('limit.lifted', none),
  /** The turn waits for a person. */
  event('approval.requested', ApprovalRequested),
  /** The answer takes effect now, or the question is over. */
  event('approval.resolved', ApprovalResolved),
  event('checkpoint.created', z.object({ tree: z.string(), position: openEnum(['before', 'after']) })),
  event('error', z.object({ message: z.string() })),
] as const;

/** One entry of a run's log, as JSON in the `event` field of the Redis entry and in the SSE `data`. */
export const RunEvent = z.discriminatedUnion('type', EVENTS).meta({ id: 'RunEvent' });

export type RunEvent = z.infer<typeof RunEvent>;

export type EventType = RunEvent['type'];
export const EVENT_TYPES: readonly EventType[] = EVENTS.map(({ shape }) => shape.type.value);
type DataByType = { [E in RunEvent as E['type']]: E['data'] };
export type EventData<T extends EventType> = DataByType[T];
/** The events of these types. Mapped over `T`, so that a generic function can build one without a cast. */
export type RunEventOf<T extends EventType> = {
  [K in T]: Envelope & { type: K; data: EventData<K> };
}[T];

/** An event of a type or of a shape that this version does not know, from a newer writer. */
export const UnknownEvent = z
  .object({ ...Envelope.shape, v: z.int(), type: z.string(), data: z.unknown() })
  .transform(({ type, data, ...envelope }) => ({ ...envelope, type: UNKNOWN, raw: { type, data } }));
export type UnknownEvent = z.infer<typeof UnknownEvent>;

/** An event on reading. */
export const AnyRunEvent = z.union([RunEvent, UnknownEvent]);
/** Reads an entry of a run's log. @returns null when it is not an event at all */
export const readRunEvent = (json: string): RunEvent | UnknownEvent | null => readJson(AnyRunEvent, json);

/** The events that end a run's log. Only the first of them counts; readers ignore everything after it. */
export const TERMINAL_EVENT_TYPES = [
  'run.succeeded',
  'run.failed',
  'run.cancelled',
  'run.interrupted',
] as const satisfies EventType[];
export type TerminalEventType = (typeof TERMINAL_EVENT_TYPES)[number];
export const isTerminalEventType = (type: string): type is TerminalEventType =>
  TERMINAL_EVENT_TYPES.some((terminal) => terminal === type);

export { SSE_END, SSE_HEARTBEAT, SSE_RESYNC } from './sse-names.js';
