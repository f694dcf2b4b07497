import {
  isTerminalEventType,
  readRunEvent,
  type RunEvent,
  type UnknownEvent,
} from '@saas-codex/contracts/events';
import { AgentMessageItem, ReviewItem } from '@saas-codex/contracts/items';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import { ContextUsage, type RunStatus, Usage } from '@saas-codex/contracts/runs';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import { FINAL_STATUS } from '@saas-codex/event-log/run-log/run-log-entry';
import type { Redis } from 'ioredis';
import { z } from 'zod';

/** How a run ended, from its log. */
export interface RunEnd {
  status: RunStatus;
  at: Date;
  /** A sentence for a person; null: it succeeded. */
  reason: string | null;
  usage: Usage | null;
  /** Of its conversation; null: not known. */
  context: ContextUsage | null;
}

/** What a run's log says about its status. */
export interface RunLogState {
  /** null: the log is empty, so the run has not started. */
  startedAt: Date | null;
  /** null: the log has not ended. */
  end: RunEnd | null;
}

/**
 * Reads both ends of a run's log: a log that has ended has its terminal event last. The log may be that of a newer runner,
 * so only the type and the time of an event must be readable.
 */
export async function readRunLogState(redis: Redis, runId: string): Promise<RunLogState> {
  const key = REDIS_KEYS.runEvents(runId);
  const [first, last] = await Promise.all([
    redis.xrange(key, '-', '+', 'COUNT', 1),
    redis.xrevrange(key, '+', '-', 'COUNT', 1),
  ]);
  const [started, latest] = [first, last].map(([entry]) => entry && eventOf(runId, entry));
  return { startedAt: started ? new Date(started.at) : null, end: latest ? endOf(latest) : null };
}

const FINAL_MESSAGE_PAGE = 200;

/** The last message of the agent, or what its review says, in a run's log, read from the log's end; null: there is none. */
export async function readFinalMessage(redis: Redis, runId: string): Promise<string | null> {
  let end = '+';
  for (;;) {
    const key = REDIS_KEYS.runEvents(runId);
    const page = await redis.xrevrange(key, end, '-', 'COUNT', FINAL_MESSAGE_PAGE);
    for (const [, fields] of page) {
      const text = messageIn(fields);
      // Postgres cannot store this character.
      if (text !== null) return text.replaceAll('\0', '\u{fffd}');
    }
    const oldest = page.at(-1);
    if (!oldest) return null;
    end = `(${oldest[0]}`;
  }
}

function messageIn(fields: string[]): string | null {
  if (fieldOf(fields, STREAM_FIELDS.type) !== 'item.completed') return null;
  const event = readRunEvent(fieldOf(fields, STREAM_FIELDS.event) ?? '');
  if (event?.type !== 'item.completed') return null;
  const message = z.union([AgentMessageItem, ReviewItem]).safeParse(event.data.item);
  return message.data?.text ?? null;
}

function eventOf(runId: string, [id, fields]: [id: string, fields: string[]]): RunEvent | UnknownEvent {
  const event = readRunEvent(fieldOf(fields, STREAM_FIELDS.event) ?? '');
  if (!event) throw new Error(`entry ${id} in the log of run ${runId} is not an event`);
  return event;
}

const EndData = z.object({
  reason: z.string().nullable().catch(null),
  usage: Usage.nullable().catch(null),
  context: ContextUsage.nullable().catch(null),
});

const NOTHING_SAID = { reason: null, usage: null, context: null };

function endOf(event: RunEvent | UnknownEvent): RunEnd | null {
  const { type, data } = event.type === 'unknown' ? event.raw : event;
  if (!isTerminalEventType(type)) return null;
  return { status: FINAL_STATUS[type], at: new Date(event.at), ...EndData.catch(NOTHING_SAID).parse(data) };
}
