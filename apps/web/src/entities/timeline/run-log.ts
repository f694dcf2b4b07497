import { parseEventId, toWireId } from '@saas-codex/contracts/event-ids';
import { EVENT_TYPES, RunEvent } from '@saas-codex/contracts/events';
import { useEffect, useSyncExternalStore } from 'react';
import { toApiError } from '../../shared/api/api-error.js';
import { path, request } from '../../shared/api/request.js';
import { openEventStream, type StreamMessage } from '../../shared/sse/event-stream.js';
import { EMPTY_TIMELINE, fold, type LoggedEvent } from './fold.js';
import type { RunTimeline } from './run-timeline.js';

/**
 * The folded log of one run, live while somebody holds it:
 *
 *     first hold     ─► stream after `position` ─► events, gathered for 32 ms ─► fold ─► subscribers
 *     last release   ─► a moment later the stream closes; what was folded stays and is taken up from there
 *     terminal event ─► the log is complete: no stream is ever opened again
 *
 * To subscribe is not to hold: a row that is kept on the page out of sight shows what is there and asks for nothing.
 */
export class RunLog {
  private timeline: RunTimeline = EMPTY_TIMELINE;
  private pending: LoggedEvent[] = [];
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private closeTimer: ReturnType<typeof setTimeout> | undefined;
  private closeStream: (() => void) | null = null;
  private readonly listeners = new Set<() => void>();
  private holds = 0;

  constructor(private readonly runId: string) {}

  readonly read = (): RunTimeline => this.timeline;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Asks for the events; the answer takes the wish back. */
  hold(): () => void {
    this.holds += 1;
    clearTimeout(this.closeTimer);
    if (!this.timeline.end && !this.closeStream) this.open();
    return () => {
      this.holds -= 1;
      if (this.holds === 0) this.closeTimer = setTimeout(() => this.close(), LINGER_MS);
    };
  }

  get inUse(): boolean {
    return this.listeners.size > 0 || this.closeStream !== null;
  }

  private open(): void {
    const { position } = this.timeline;
    this.closeStream = openEventStream({
      url: eventsPath(this.runId),
      types: EVENT_TYPES,
      after: position.seq > 0 ? toWireId(position) : null,
      onMessage: (message) => this.receive(message),
      onEnd: () => this.close(),
      onLost: (refused) => void (refused && this.checkPosition()),
    });
  }

  /**
   * Asks why the stream was refused. When the server has lost the end of the log, it does not know our position any
   * more: then what it does have is read from the beginning.
   */
  private async checkPosition(): Promise<void> {
    const { position } = this.timeline;
    if (position.seq === 0) return;
    const probe = new AbortController();
    try {
      await request(eventsPath(this.runId), { query: { after: toWireId(position) }, signal: probe.signal });
      probe.abort();
    } catch (error) {
      if (toApiError(error).code !== 'invalid_cursor' || !this.closeStream) return;
      this.close();
      this.timeline = EMPTY_TIMELINE;
      this.open();
    }
  }

  private close(): void {
    clearTimeout(this.flushTimer);
    this.flush();
    this.closeStream?.();
    this.closeStream = null;
  }

  private receive({ id, data }: StreamMessage): void {
    const position = parseEventId(id);
    const event = RunEvent.safeParse(JSON.parse(data));
    if (!position || !event.success) return;
    this.pending.push({ id: position, event: event.data });
    this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private flush(): void {
    this.flushTimer = undefined;
    const before = this.timeline;
    this.timeline = this.pending.reduce(fold, before);
    this.pending = [];
    if (this.timeline !== before) this.listeners.forEach((listener) => listener());
  }
}

const eventsPath = (runId: string): string => path`/api/runs/${runId}/events`;

/** Two frames: fast enough to read along, slow enough to keep a burst from rendering event by event. */
const FLUSH_MS = 32;
/** A row that scrolls out and in again, or a session that is left and reopened, keeps its stream. */
const LINGER_MS = 3_000;
const LOGS_KEPT = 300;

const logs = new Map<string, RunLog>();

/** The log of a run: one for the page. Those that nobody looked at for long are forgotten. */
export function runLog(runId: string): RunLog {
  const log = logs.get(runId) ?? new RunLog(runId);
  logs.delete(runId);
  logs.set(runId, log);
  for (const [id, { inUse }] of logs) {
    if (logs.size <= LOGS_KEPT) break;
    if (!inUse && id !== runId) logs.delete(id);
  }
  return log;
}

/** A run's events, folded: from the beginning, then live. They are asked for while `wanted`; null: no run. */
export function useRunTimeline(runId: string | null, wanted = true): RunTimeline {
  const log = runId === null ? NO_LOG : runLog(runId);
  useEffect(() => (wanted ? log.hold() : undefined), [log, wanted]);
  return useSyncExternalStore(log.subscribe, log.read);
}

const nothing = () => {};
const NO_LOG = { hold: () => nothing, subscribe: () => nothing, read: () => EMPTY_TIMELINE };
