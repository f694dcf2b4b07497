import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { WarmThread } from '@saas-codex/contracts/runner-api';
import { type Counter, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import type { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import { Engines } from '../engine/engines.js';
import type { PreparedTurn } from '../engine/port/engine.js';
import { baseUrlAt } from '../model-proxy/model-proxy.service.js';
import { NO_RUN_SECRETS } from '../redaction/run-secrets.js';
import { EgressProxy, type EgressTrust } from '../sandbox/egress/egress-proxy.js';
import { agentHome } from '../sandbox/jail/home-layers.js';
import { Jail } from '../sandbox/jail/jail.js';
import { type Thread, ThreadStore } from '../threads/thread-store.js';
import type { ThreadPaths } from '../threads/workspace-path.js';
import { ActiveRuns } from './active-runs.js';
import { RENEWAL_MS, SessionHolders } from './session-holders.js';

/*
 * Codex in a jail of its own, with the session's conversation open, before the session's next prompt comes.
 *
 *     POST /threads/:id/warm ──► prepare ──► waits, TIME_TO_LIVE_MS at most ──► a run that is started alike takes it, once
 *                                                                          └──► anything else discards it
 *
 * Until a run takes the jail, its socket closes every connection: there is no model and no network in it. Nothing of the
 * repository or of the agent's HOME is started in it: sessions that trust their repository are not prepared, and Codex finds the
 * system's programs only. Secrets enter a jail for a run alone, so sessions with secrets are not prepared, either.
 *
 * At most one process has a session's conversation open: see session-holders.ts for other runners.
 */

const TIME_TO_LIVE_MS = 10 * 60_000;
/** Less than the lease, which is renewed from then on. */
const PREPARATION_TIMEOUT_MS = 12_000;
/** Below that, memory is for runs. */
const MIN_FREE_BYTES = 512 * 1024 * 1024;

type Settings = z.output<typeof WarmThread>;

/** What must be the same for a run to get what was prepared. */
export interface LaunchKey {
  model: string | null;
  effort: Settings['effort'];
  network: Settings['network'];
  /** Git tree of the workspace: Codex has read the repository's instructions. */
  checkpoint: string | null;
  codexThreadId: string | null;
}

/** What a run gets that takes over a prepared jail. */
export interface PreparedRun {
  turn: PreparedTurn;
  trust: EgressTrust;
  /** The agent's HOME in the jail. */
  home: string | null;
}

interface Entry {
  jailId: string;
  sessionId: string;
  paths: ThreadPaths;
  key: LaunchKey;
  /** null: it could not be prepared. */
  ready: Promise<PreparedRun | null>;
  /** By `performance.now()`. */
  expiresAt: number;
  timers: AbortController;
  /** Whether it is being prepared, or was. Before that it waits for its turn. */
  begun: boolean;
}

@Injectable()
export class PreparedSessions implements OnModuleDestroy {
  private readonly logger = new Logger(PreparedSessions.name);
  /** By session, the first to go first. */
  private readonly entries = new Map<string, Entry>();
  /** By session: resolves when nothing of a discarded jail is left. */
  private readonly ending = new Map<string, Promise<void>>();
  private readonly working = new Set<string>();
  private readonly ends: Counter<'end'>;
  private closed = false;
  /** One by one: runs that begin meanwhile need the processor more. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly threads: ThreadStore,
    private readonly engines: Engines,
    private readonly jail: Jail,
    private readonly egressProxy: EgressProxy,
    private readonly active: ActiveRuns,
    private readonly holders: SessionHolders,
    metrics: Metrics,
  ) {
    holders.onNeeded((sessionId) => this.discard(sessionId));
    const { entries } = this;
    metrics.gauge({
      name: 'prepared_sessions',
      help: 'Sessions for whose next prompt Codex has been started on this runner',
      collect() {
        this.set(entries.size);
      },
    });
    this.ends = metrics.counter({
      name: 'prepared_sessions_ended_total',
      help: 'Prepared sessions by what became of them: a run used it, or it was discarded',
      labelNames: ['end'],
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.entries.keys()].map((sessionId) => this.discard(sessionId)));
    await Promise.all(this.ending.values());
  }

  /** Begins to prepare the session, where that is possible now. Repeating it changes nothing. @throws ProblemError thread_not_found */
  async prepare(threadId: string, { model, effort, network, checkpoint }: Settings): Promise<void> {
    const thread = await this.threads.getThread(threadId);
    const { codexThreadId } = thread;
    const key = { model: this.modelFor(model, thread), effort, network, checkpoint, codexThreadId };
    const known = this.entries.get(threadId);
    if (known && isDeepStrictEqual(known.key, key) && (await this.useful(known))) return this.renew(known);
    if (this.entries.has(threadId)) void this.discard(threadId);
    if (this.closed || this.working.has(threadId) || !this.makePlace()) return;
    const entry: Entry = {
      jailId: randomUUID(),
      sessionId: threadId,
      paths: thread.paths,
      key,
      ready: Promise.resolve(null),
      expiresAt: performance.now() + TIME_TO_LIVE_MS,
      timers: new AbortController(),
      begun: false,
    };
    this.entries.set(threadId, entry);
    entry.ready = this.turn.then(() => this.begin(entry, thread));
    this.turn = entry.ready;
    void this.keep(entry);
  }

  /**
   * Makes the session the run's alone, until `release`. Rewinding takes it, too.
   * @param key null: such a run always starts in a jail of its own
   * @returns null when there is nothing for it
   */
  async take(runId: string, sessionId: string, key: LaunchKey | null): Promise<PreparedRun | null> {
    this.working.add(sessionId);
    const held = this.holders.holdForRun(sessionId, runId);
    const entry = this.entries.get(sessionId);
    const taken =
      entry?.begun && isDeepStrictEqual(entry.key, key) ? await this.handOver(runId, entry) : null;
    if (taken === null) await this.discard(sessionId);
    this.makeRoomForRuns();
    await held;
    return taken;
  }

  async release(runId: string, sessionId: string): Promise<void> {
    if (this.working.delete(sessionId)) await this.holders.releaseRun(sessionId, runId);
  }

  /** Resolves when nothing here has the session's conversation open, but a run. */
  async discard(sessionId: string): Promise<void> {
    const entry = this.entries.get(sessionId);
    if (entry) {
      this.entries.delete(sessionId);
      entry.timers.abort();
      this.ends.inc({ end: 'discarded' });
      const ended = this.end(entry).finally(() => {
        if (this.ending.get(sessionId) === ended) this.ending.delete(sessionId);
      });
      this.ending.set(sessionId, ended);
    }
    await this.ending.get(sessionId);
  }

  has(sessionId: string): boolean {
    return this.entries.has(sessionId);
  }

  modelFor(named: string | null, thread: Thread | null): string | null {
    return named ?? thread?.model ?? this.config.CODEX_MODEL ?? null;
  }

  /** Somebody has asked for it again, so others are the first to go. */
  private renew(entry: Entry): void {
    if (this.entries.get(entry.sessionId) !== entry) return;
    entry.expiresAt = performance.now() + TIME_TO_LIVE_MS;
    this.entries.delete(entry.sessionId);
    this.entries.set(entry.sessionId, entry);
  }

  private async handOver(runId: string, entry: Entry): Promise<PreparedRun | null> {
    const prepared = await this.useful(entry);
    if (prepared === null || this.entries.get(entry.sessionId) !== entry) return null;
    this.entries.delete(entry.sessionId);
    entry.timers.abort();
    this.ends.inc({ end: 'used' });
    this.jail.preparedJails?.handOver(entry.jailId, runId);
    return prepared;
  }

  /** null: its Codex has ended, or the session has another HOME by now, or is gone. */
  private async useful({ ready, paths }: Entry): Promise<PreparedRun | null> {
    const prepared = await ready;
    if (!prepared?.turn.isAlive || prepared.home === null) return null;
    return (await agentHome(paths)) === prepared.home ? prepared : null;
  }

  private async begin(entry: Entry, thread: Thread): Promise<PreparedRun | null> {
    const { jailId, sessionId, key } = entry;
    const { signal } = entry.timers;
    if (signal.aborted) return null;
    entry.begun = true;
    try {
      await this.ending.get(sessionId);
      if (signal.aborted || !(await this.holders.holdHere(sessionId))) return this.giveUp(entry);
      await this.jail.preparedJails?.open(jailId);
      const [socket, trust] = await Promise.all([
        this.jail.runSocket(jailId),
        this.egressProxy.trustFor(key.network),
      ]);
      if (socket === null || signal.aborted) return this.giveUp(entry);
      const turn = await this.engines.prepareTurn({
        runId: jailId,
        thread,
        network: key.network,
        authorities: trust.authorities,
        secrets: NO_RUN_SECRETS,
        input: { kind: 'prompt', prompt: '', ...(key.effort !== null && { effort: key.effort }) },
        images: [],
        note: null,
        model: key.model,
        access: { baseUrl: baseUrlAt(socket), token: null },
        trustRepository: false,
        approvalMode: 'never',
        prepared: null,
      });
      if (turn === null) return this.giveUp(entry);
      void turn.exited.then(() => this.giveUp(entry));
      return { turn, trust, home: await agentHome(thread.paths) };
    } catch (error) {
      if (!signal.aborted)
        this.logger.warn({ message: `Codex was not prepared: ${String(error)}`, sessionId });
      return this.giveUp(entry);
    }
  }

  /** It is of no use any more. */
  private giveUp(entry: Entry): null {
    if (this.entries.get(entry.sessionId) === entry) void this.discard(entry.sessionId);
    return null;
  }

  private async end({ jailId, sessionId, ready, begun }: Entry): Promise<void> {
    if (!begun) return;
    // Twice: what is being started may start between the two.
    await this.jail.endRun(jailId);
    await ready;
    await this.jail.endRun(jailId);
    await this.holders.releaseHere(sessionId);
  }

  /** Discards it when its time is up, when it is of no use any more, or when another runner may have the session. */
  private async keep(entry: Entry): Promise<void> {
    const { ready, sessionId, timers } = entry;
    const pause = (ms: number) =>
      delay(ms, undefined, { signal: timers.signal, ref: false }).catch(() => undefined);
    if (!(await Promise.race([ready.then(() => true), pause(PREPARATION_TIMEOUT_MS)])))
      return void (timers.signal.aborted || this.giveUp(entry));
    while (!timers.signal.aborted && performance.now() < entry.expiresAt) {
      await pause(RENEWAL_MS);
      if (timers.signal.aborted || !(await this.useful(entry))) break;
      if (!(await this.holders.renewHere(sessionId))) break;
    }
    if (!timers.signal.aborted) this.giveUp(entry);
  }

  /** @returns false when there is none */
  private makePlace(): boolean {
    const { MAX_WARM_SESSIONS, MAX_CONCURRENT_RUNS } = this.config;
    const places = Math.min(MAX_WARM_SESSIONS, MAX_CONCURRENT_RUNS - this.active.count);
    if (this.jail.preparedJails === null || places <= 0 || isShortOfMemory()) return false;
    while (this.entries.size >= places) this.discardOldest();
    return true;
  }

  private makeRoomForRuns(): void {
    while (this.entries.size > 0 && this.active.count + this.entries.size > this.config.MAX_CONCURRENT_RUNS)
      this.discardOldest();
    if (isShortOfMemory()) this.discardOldest();
  }

  private discardOldest(): void {
    for (const sessionId of this.entries.keys()) return void this.discard(sessionId);
  }
}

const isShortOfMemory = () => process.availableMemory() < MIN_FREE_BYTES;
