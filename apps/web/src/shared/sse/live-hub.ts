import { compareEventIds, type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import {
  formatWatchedRuns,
  MAX_WATCHED_RUNS,
  SSE_RESYNC,
  SSE_RUN,
  SSE_RUN_END,
  SSE_RUN_ERROR,
} from '@saas-codex/contracts/sse-names';
import { retryDelay } from '../lib/retry-delay.js';
import { Claims } from './claims.js';
import { openEventConnection, type StreamMessage } from './event-connection.js';
import {
  type Claim,
  type Notice,
  SAY_AGAIN_MS,
  type TabMessage,
  type Watch,
  type WatchedByTab,
} from './live-messages.js';

/**
 * The one event stream of a browser (six connections per server are all that HTTP/1.1 allows), shared by its tabs:
 *
 *     tab ──{ Watch }──►┐                    ┌─ GET /api/events?runs=a@7-0,b@3-2 ─► activity, events of runs
 *     tab ──{ Watch }──►├─ LiveHub ──────────┤
 *     tab ◄─{ Notice }──┘                    └─ other runs wanted: a second connection; once it stands, the first closes
 *
 * A tab says all that it watches with every message, and repeats that every 30 s: a tab that is gone or frozen falls
 * silent and is forgotten, and one that wakes up says what it has and continues from there.
 *
 * Nothing is lost or repeated: the hub knows the last event that each tab has. A connection begins after the event that
 * all of its tabs have, and only one connection is heard at a time. A run that has just been asked for is served from
 * the next connection, unless this one is not past its position.
 */
export type TabPort = (notice: Notice) => void;

interface Tab {
  activity: boolean;
  heardAt: number;
  runs: Map<string, Served>;
  viewing: string | undefined;
}

interface Served extends WatchedByTab {
  /** The connection that is heard has all events after `after`. */
  served: boolean;
}

interface Connection {
  /** The position of each run, as read on this connection. */
  runs: Map<string, EventId>;
  close: () => void;
}

/** Changes that come together, such as those of a page that opens, make one new connection. */
const GATHER_MS = 40;
/** By then the server has noticed that a connection was closed, so it never has three. */
const SETTLE_MS = 250;
/** A browser lets the timers of a hidden page run once a minute. */
const FORGOTTEN_AFTER_MS = 100_000;

export class LiveHub {
  private readonly tabs = new Map<TabPort, Tab>();
  /** The connection that is heard. */
  private current: Connection | null = null;
  /** The one that will take its place. */
  private next: Connection | null = null;
  private readonly claims = new Claims();
  private lastActivity: string | null = null;
  private lost = false;
  private attempts = 0;
  private retryTimer: Timer;
  private gatherTimer: Timer;
  /** By `Date.now()`. */
  private settledAt = 0;
  private forgetTimer: ReturnType<typeof setInterval> | undefined;

  /** @param url of the event stream */
  constructor(private readonly url: string) {
    addEventListener('online', () => this.retryTimer && this.connect());
  }

  receive(port: TabPort, message: TabMessage): void {
    if (message === 'leave') this.leave(port);
    else if (message === 'sign-out') this.signOut();
    else if ('claim' in message) this.grant(port, message);
    else this.watch(port, message);
  }

  /** To the first tab that asks, unless the person sees the session in one of them. */
  private grant(port: TabPort, { claim, sessionId }: Claim): void {
    if (!this.claims.take(claim)) return;
    const isSeen = [...this.tabs.values()].some(({ viewing }) => viewing === sessionId);
    if (!isSeen) port({ type: 'granted', claim });
  }

  private watch(port: TabPort, { activity, runs, viewing }: Watch): void {
    const known = this.tabs.get(port);
    const tab = known ?? { activity: false, heardAt: 0, runs: new Map<string, Served>(), viewing };
    this.tabs.set(port, tab);
    tab.heardAt = Date.now();
    tab.viewing = viewing;
    if (!known && this.lost) port({ type: 'connection', lost: true });
    if (activity && !tab.activity && this.current) port({ type: 'open' });
    tab.activity = activity;
    const before = tab.runs;
    tab.runs = new Map(
      runs.map((run) => {
        const same = before.get(run.runId);
        const kept = same?.subscription === run.subscription ? same : this.served(run);
        return [run.runId, kept];
      }),
    );
    this.forgetTimer ??= setInterval(() => this.forgetSilent(), SAY_AGAIN_MS);
    this.gather();
  }

  private leave(port: TabPort): void {
    if (this.tabs.delete(port)) this.gather();
  }

  /** The stream was opened as the person who has signed out. */
  private signOut(): void {
    this.disconnect();
    this.tellAll({ type: 'signed-out' });
  }

  private forgetSilent(): void {
    const silentSince = Date.now() - FORGOTTEN_AFTER_MS;
    for (const [port, { heardAt }] of this.tabs) if (heardAt < silentSince) this.leave(port);
  }

  private gather(): void {
    const wait = Math.max(GATHER_MS, this.settledAt - Date.now());
    this.gatherTimer ??= setTimeout(() => {
      this.gatherTimer = undefined;
      this.adapt();
    }, wait);
  }

  /** Connects, disconnects, or connects again with other runs. */
  private adapt(): void {
    const idle = ![...this.tabs.values()].some(({ activity, runs }) => activity || runs.size > 0);
    if (idle) return this.disconnect();
    // What it lacks shows when it stands. To give it up for another one would leave the server with three.
    if (this.next) return;
    if (!this.current) return this.retryTimer ? undefined : this.connect();
    if (this.isOutdated(this.current)) this.connect();
  }

  /** A run that is wanted is missing on the connection, or has been read past its position, or nobody wants it. */
  private isOutdated({ runs }: Connection): boolean {
    const wanted = this.wanted();
    const missing = wanted.some(({ runId }) => this.watchersOf(runId).some(({ served }) => !served));
    return missing || [...runs.keys()].some((runId) => !wanted.some((run) => run.runId === runId));
  }

  /** All runs that tabs watch, each after the event that all of its tabs have; those that were asked for last, if many. */
  private wanted(): { runId: string; after: EventId }[] {
    const wanted = new Map<string, EventId>();
    for (const { runs } of this.tabs.values()) {
      for (const { runId, after } of runs.values()) {
        const other = wanted.get(runId);
        wanted.set(runId, other && compareEventIds(other, after) < 0 ? other : after);
      }
    }
    return [...wanted].slice(-MAX_WATCHED_RUNS).map(([runId, after]) => ({ runId, after }));
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.next?.close();
    const wanted = this.wanted();
    const connection: Connection = {
      runs: new Map(wanted.map(({ runId, after }) => [runId, after])),
      close: openEventConnection({
        url: wanted.length > 0 ? `${this.url}?runs=${formatWatchedRuns(wanted)}` : this.url,
        after: this.lastActivity,
        onOpen: () => this.onOpen(connection),
        onMessage: (message) => this.current === connection && this.onMessage(message, connection),
        onLost: (refusal) => this.onLost(connection, refusal),
      }),
    };
    this.next = connection;
  }

  private onOpen(connection: Connection): void {
    // Another connection that goes on until now hears of every activity, and the next one continues from its last.
    const gapless = this.current !== null && this.lastActivity !== null;
    if (this.current) this.settledAt = Date.now() + SETTLE_MS;
    this.current?.close();
    this.current = connection;
    this.next = null;
    this.attempts = 0;
    for (const { runs } of this.tabs.values())
      for (const run of runs.values()) run.served = this.served(run).served;
    this.setLost(false);
    if (!gapless) this.tellActivity({ type: 'open' });
    clearTimeout(this.gatherTimer);
    this.gatherTimer = undefined;
    this.gather();
  }

  private served(run: WatchedByTab): Served {
    const position = this.current?.runs.get(run.runId);
    return { ...run, served: position !== undefined && compareEventIds(run.after, position) >= 0 };
  }

  private onLost(connection: Connection, refusal: string | null): void {
    if (this.current === connection) this.current = null;
    if (this.next === connection) this.next = null;
    // The server no longer knows the last activity. All lists are read again when the next connection stands.
    if (refusal === 'invalid_cursor') this.lastActivity = null;
    if (refusal === 'unauthenticated') this.signOut();
    if (this.current === null) this.setLost(true);
    if (this.next || this.retryTimer) return;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      this.adapt();
    }, retryDelay(this.attempts));
    this.attempts += 1;
  }

  private disconnect(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.next?.close();
    this.current?.close();
    this.next = null;
    this.current = null;
    this.lastActivity = null;
    this.setLost(false);
    if (this.tabs.size > 0) return;
    clearInterval(this.forgetTimer);
    this.forgetTimer = undefined;
  }

  private onMessage({ id, type, data }: StreamMessage, connection: Connection): void {
    switch (type) {
      case SSE_RUN:
        return this.onRunEvent(data, connection);
      case SSE_RUN_END:
        return this.onRunOver(connection, data, ({ run_id: runId }) => ({ type: 'run.end', runId }));
      case SSE_RUN_ERROR:
        return this.onRunOver(connection, data, ({ run_id: runId, code = '' }) => ({
          type: 'run.error',
          runId,
          code,
        }));
      case SSE_RESYNC:
        return this.tellActivity({ type: 'open' });
      default:
        if (id) this.lastActivity = id;
        return this.tellActivity({ type: 'activity', data });
    }
  }

  private onRunEvent(data: string, connection: Connection): void {
    const { id: text, event } = JSON.parse(data) as { id: string; event: { run_id: string } };
    const id = parseEventId(text);
    const runId = event.run_id;
    if (!id) return;
    connection.runs.set(runId, id);
    for (const [port, { runs }] of this.tabs) {
      const run = runs.get(runId);
      if (!run?.served || compareEventIds(id, run.after) <= 0) continue;
      run.after = id;
      port({ type: 'run', runId, data });
    }
  }

  private onRunOver(
    connection: Connection,
    data: string,
    notice: (over: { run_id: string; code?: string }) => Notice & { runId: string },
  ): void {
    const told = notice(JSON.parse(data) as { run_id: string; code?: string });
    connection.runs.delete(told.runId);
    for (const [port, { runs }] of this.tabs) {
      if (!runs.get(told.runId)?.served) continue;
      runs.delete(told.runId);
      port(told);
    }
  }

  private watchersOf = (runId: string): Served[] =>
    [...this.tabs.values()].flatMap(({ runs }) => runs.get(runId) ?? []);

  private setLost(lost: boolean): void {
    if (this.lost === lost) return;
    this.lost = lost;
    this.tellAll({ type: 'connection', lost });
  }

  private tellActivity(notice: Notice): void {
    for (const [port, { activity }] of this.tabs) if (activity) port(notice);
  }

  private tellAll(notice: Notice): void {
    for (const port of this.tabs.keys()) port(notice);
  }
}

type Timer = ReturnType<typeof setTimeout> | undefined;
