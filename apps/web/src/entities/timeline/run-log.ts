import { parseEventId } from '@saas-codex/contracts/event-ids';
import { ReadRunHistory } from '@saas-codex/contracts/run-history';
import { readWatchedRunEvent } from '@saas-codex/contracts/watched-runs';
import { useEffect, useSyncExternalStore } from 'react';
import { ApiError } from '../../shared/api/api-error.js';
import { path, request } from '../../shared/api/request.js';
import { beforeNextPaint } from '../../shared/lib/before-next-paint.js';
import { whenIdle } from '../../shared/lib/when-idle.js';
import { live } from '../../shared/sse/live.js';
import { retryDelay } from '../../shared/lib/retry-delay.js';
import { EMPTY_TIMELINE, type RunTimeline } from './run-timeline.js';
import { type LoggedEvent, TimelineBuilder } from './timeline-builder.js';

/**
 * The folded log of one run, live while a part of the page needs it:
 *
 *     first keepLive ─► the newest page of its history: the answer is there
 *                       ├─► watched after that page ─► events, at most once a frame ─► subscribers
 *                       └─► earlier pages, one by one, while the page is idle
 *     last release   ─► a moment later nothing is read or watched; the timeline stays and is continued from there
 *     end            ─► with all pages here, the log is complete: nothing is read again
 *
 * Subscribing alone reads nothing: a row that is kept on the page out of sight shows the timeline as it is.
 */
class RunLog {
  private builder = new TimelineBuilder();
  private timeline: RunTimeline = EMPTY_TIMELINE;
  /** The next page ends before this event; null: the first event is here; undefined: nothing has been read. */
  private before: number | null | undefined;
  /** The log has ended, and its end is here. */
  private ended = false;
  private reading: AbortController | null = null;
  private stopWatching: (() => void) | null = null;
  private cancelPaint: (() => void) | null = null;
  private closeTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();
  private users = 0;

  constructor(private readonly runId: string) {}

  readonly read = (): RunTimeline => this.timeline;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Reads the log and follows it until the returned function is called. */
  keepLive(): () => void {
    this.users += 1;
    clearTimeout(this.closeTimer);
    if (!this.reading && !(this.ended && this.before === null)) this.open();
    return () => {
      this.users -= 1;
      if (this.users === 0) this.closeTimer = setTimeout(() => this.close(), LINGER_MS);
    };
  }

  get inUse(): boolean {
    return this.listeners.size > 0 || this.reading !== null;
  }

  private open(): void {
    this.reading = new AbortController();
    void this.readAll(this.reading.signal);
  }

  private close(): void {
    this.reading?.abort();
    this.reading = null;
    this.stopWatching?.();
    this.stopWatching = null;
    if (this.cancelPaint) this.publish();
  }

  private async readAll(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        if (this.before === undefined) this.begin(await this.readPage({ limit: FIRST_PAGE }, signal));
        this.watch();
        while (this.before !== null) {
          await idle();
          this.prepend(await this.readPage({ before: this.before }, signal));
        }
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return;
        await delay(retryDelay(attempt));
      }
    }
  }

  private async readPage(
    query: { before?: number; limit?: number },
    signal: AbortSignal,
  ): Promise<ReadRunHistory> {
    const url = path`/api/runs/${this.runId}/history`;
    const page = await request(url, { schema: ReadRunHistory, query, signal });
    signal.throwIfAborted();
    return page;
  }

  /** The newest page, with the texts that still grow. */
  private begin({ events, growing, before, last_event_id: last, ended }: ReadRunHistory): void {
    for (const event of durable(events)) this.builder.add(event);
    const { seq } = this.builder.position;
    growing.forEach((event, index) => this.builder.add({ id: { seq, delta: index + 1 }, event }));
    this.builder.position = parseEventId(last) ?? this.builder.position;
    this.before = before;
    this.ended = ended;
    this.publish();
  }

  private prepend({ events, before }: ReadRunHistory): void {
    this.builder.prepend(durable(events));
    this.before = before;
    this.publish();
  }

  private watch(): void {
    if (this.ended || this.stopWatching) return;
    this.stopWatching = live.watchRun(this.runId, {
      position: () => this.builder.position,
      onEvent: (data) => this.receive(data),
      onEnd: () => {
        this.ended = true;
        this.stopWatching?.();
        this.stopWatching = null;
      },
      onError: (code) => this.onError(code),
    });
  }

  /** A server that has lost the end of the log does not know our position. Then its log is read again. */
  private onError(code: string): void {
    this.close();
    if (code !== 'invalid_cursor' || this.builder.position.seq === 0) return;
    this.builder = new TimelineBuilder();
    this.before = undefined;
    this.publish();
    this.open();
  }

  private receive(data: string): void {
    const watched = readWatchedRunEvent(data);
    const id = watched && parseEventId(watched.id);
    if (!id || !this.builder.add({ id, event: watched.event })) return;
    this.cancelPaint ??= beforeNextPaint(() => this.publish());
  }

  private publish(): void {
    this.cancelPaint?.();
    this.cancelPaint = null;
    this.timeline = this.builder.snapshot();
    this.listeners.forEach((listener) => listener());
  }
}

/** Enough for the answer and its last steps. Earlier pages have the server's size. */
const FIRST_PAGE = 150;

const durable = (events: ReadRunHistory['events']): LoggedEvent[] =>
  events.map((event) => ({ id: { seq: event.seq, delta: 0 }, event }));

const idle = (): Promise<void> => new Promise((resolve) => whenIdle(resolve));
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A row that scrolls out and in again, or a session that is left and reopened, is not asked for again. */
const LINGER_MS = 3_000;
const LOGS_KEPT = 300;

const logs = new Map<string, RunLog>();

/** The page's log of a run. Beyond `LOGS_KEPT`, unused logs are dropped, the least recently used first. */
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

/**
 * A run's events, folded: from the beginning, then live.
 * @param runId null: no run
 * @param wanted false: shows what has been read so far and watches nothing
 */
export function useRunTimeline(runId: string | null, wanted = true): RunTimeline {
  return useTimelineValue(runId, whole, wanted);
}

export const hasEnded = ({ end }: RunTimeline): boolean => end !== null;
const whole = (timeline: RunTimeline): RunTimeline => timeline;

/** One value of a run's timeline. The component renders again only when it changes. */
export function useTimelineValue<T>(
  runId: string | null,
  select: (timeline: RunTimeline) => T,
  wanted = true,
): T {
  const log = runId === null ? NO_LOG : runLog(runId);
  useEffect(() => (wanted ? log.keepLive() : undefined), [log, wanted]);
  return useSyncExternalStore(log.subscribe, () => select(log.read()));
}

const nothing = () => {};
const NO_LOG = { keepLive: () => nothing, subscribe: () => nothing, read: () => EMPTY_TIMELINE };
