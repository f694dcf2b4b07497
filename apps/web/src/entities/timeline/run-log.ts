import { parseEventId } from '@saas-codex/contracts/event-ids';
import { readWatchedRunEvent } from '@saas-codex/contracts/watched-runs';
import { useEffect, useSyncExternalStore } from 'react';
import { beforeNextPaint } from '../../shared/lib/before-next-paint.js';
import { live } from '../../shared/sse/live.js';
import { EMPTY_TIMELINE, type RunTimeline } from './run-timeline.js';
import { TimelineBuilder } from './timeline-builder.js';

/**
 * The folded log of one run, live while a part of the page needs it:
 *
 *     first keepLive ─► watched after `position` ─► events, at most once a frame ─► subscribers
 *     last release   ─► a moment later it is not watched any more; the timeline stays and is continued from there
 *     end            ─► the log is complete: it is not watched again
 *
 * Subscribing alone watches nothing: a row that is kept on the page out of sight shows the timeline as it is.
 */
class RunLog {
  private builder = new TimelineBuilder();
  private timeline: RunTimeline = EMPTY_TIMELINE;
  private cancelPaint: (() => void) | null = null;
  private closeTimer: ReturnType<typeof setTimeout> | undefined;
  private stopWatching: (() => void) | null = null;
  /** The server said that nothing follows. */
  private complete = false;
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
    if (!this.timeline.end && !this.complete && !this.stopWatching) this.open();
    return () => {
      this.users -= 1;
      if (this.users === 0) this.closeTimer = setTimeout(() => this.close(), LINGER_MS);
    };
  }

  get inUse(): boolean {
    return this.listeners.size > 0 || this.stopWatching !== null;
  }

  private open(): void {
    this.stopWatching = live.watchRun(this.runId, {
      position: () => this.builder.position,
      onEvent: (data) => this.receive(data),
      onEnd: () => {
        this.complete = true;
        this.close();
      },
      onError: (code) => this.onError(code),
    });
  }

  /** A server that has lost the end of the log does not know our position. Then its log is read from the beginning. */
  private onError(code: string): void {
    this.close();
    if (code !== 'invalid_cursor' || this.builder.position.seq === 0) return;
    this.builder = new TimelineBuilder();
    this.publish();
    this.open();
  }

  private close(): void {
    if (this.cancelPaint) this.publish();
    this.stopWatching?.();
    this.stopWatching = null;
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
