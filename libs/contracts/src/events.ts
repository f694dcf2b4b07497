import { z } from 'zod';
import { Item } from './items.js';
import { NETWORK_REFUSALS } from './network.js';
import { RunKind, Usage } from './runs.js';

/** Version of the envelope; grows when a reader must change. */
export const EVENT_VERSION = 1;

/** The events that end a run's log: the first of them counts, readers ignore whatever follows. */
export const TERMINAL_EVENT_TYPES = [
  'run.succeeded',
  'run.failed',
  'run.cancelled',
  'run.interrupted',
] as const;
export type TerminalEventType = (typeof TERMINAL_EVENT_TYPES)[number];
export const isTerminalEventType = (type: string): type is TerminalEventType =>
  (TERMINAL_EVENT_TYPES as readonly string[]).includes(type);

const none = z.object({});
const item = z.object({ item: Item });
/** `reason` is a sentence for a person: what happened and what to do. */
const ended = z.object({ reason: z.string(), usage: Usage.optional() });

/** `data` of every event type. The three `item.*` and `turn.*` types are Codex's own. */
export const EVENT_DATA = {
  'run.started': z.object({
    kind: RunKind.default('prompt'),
    /** What the person wrote; of a setup, its script. */
    prompt: z.string(),
    model: z.string().nullable(),
    runner: z.string(),
  }),
  'run.succeeded': z.object({ usage: Usage.optional() }),
  'run.failed': ended,
  'run.cancelled': ended,
  'run.interrupted': ended,
  'thread.started': z.object({ thread_id: z.string().describe("Codex's own thread id") }),
  'turn.started': none,
  'turn.completed': z.object({ usage: Usage }),
  'turn.failed': z.object({ error: z.object({ message: z.string() }) }),
  'item.started': item,
  'item.updated': item,
  'item.completed': item,
  /** Text as it grows, before its item is complete. Short-lived: it has a delta id and is not archived. */
  'item.delta': z.object({
    item_type: z.enum(['agent_message', 'reasoning', 'command_execution']),
    /**
     * Names one growing text; the next `item.completed` of `item_type` replaces the oldest one of that type. Of a
     * command: the id of its item, which has started before.
     */
    stream_id: z.string(),
    /** What was added to this text since its last delta, not the whole of it. */
    text: z.string(),
  }),
  'usage.updated': z.object({ usage: Usage }),
  /** A connection that the run's network does not allow; told once per host, port and reason. */
  'network.refused': z.object({
    host: z.string(),
    port: z.int(),
    reason: z.enum(NETWORK_REFUSALS),
  }),
  'checkpoint.created': z.object({ tree: z.string(), position: z.enum(['before', 'after']) }),
  error: z.object({ message: z.string() }),
} as const;

export type EventType = keyof typeof EVENT_DATA;
export const EVENT_TYPES = Object.keys(EVENT_DATA) as [EventType, ...EventType[]];
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>;

const envelope = {
  v: z.literal(EVENT_VERSION),
  run_id: z.uuid(),
  session_id: z.uuid(),
  tenant_id: z.string(),
  seq: z
    .int()
    .describe('Number of the durable event, from 1 without a hole; a delta has that of the event before it'),
  at: z.iso.datetime(),
};

/** One entry of a run's log, as JSON in the `event` field of the Redis entry and in the SSE `data`. */
export type RunEvent = {
  [T in EventType]: {
    v: typeof EVENT_VERSION;
    run_id: string;
    session_id: string;
    tenant_id: string;
    seq: number;
    at: string;
    type: T;
    data: EventData<T>;
  };
}[EventType];

export const RunEvent = z
  .discriminatedUnion(
    'type',
    EVENT_TYPES.map((type) =>
      z.object({ ...envelope, type: z.literal(type), data: EVENT_DATA[type] }),
    ) as never,
  )
  .meta({ id: 'RunEvent' }) as unknown as z.ZodType<RunEvent>;

/** SSE events that are no entries of the log: they have no id. */
export const SSE_HEARTBEAT = 'heartbeat';
export const SSE_END = 'end';
