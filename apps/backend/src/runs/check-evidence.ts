import { Inject, Injectable, Logger } from '@nestjs/common';
import { checkItemId } from '@saas-codex/contracts/declared-checks';
import { readRunEvent, type RunEvent } from '@saas-codex/contracts/events';
import { CommandExecutionItem } from '@saas-codex/contracts/items';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { RunInputOf } from '@saas-codex/contracts/runs';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { EvidenceStore, type Findings, type NewEvidence } from '../evidence/evidence-store.js';
import { REDIS } from '../redis.module.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { RunEnd } from './run-log-state.js';
import type { RunEntity } from './run.entity.js';

const PAGE = 200;
const WANTED = ['run.started', 'item.started', 'item.completed'];

/** What the log says about each check, by the id of its item. */
interface Logged {
  runner: string;
  startedAt: Map<string, Date>;
  completed: Map<string, { at: Date; item: z.infer<typeof CommandExecutionItem> }>;
}

/**
 * Makes evidence of a run of checks that has ended: from the run's log, which only its runner writes. A run that was cancelled or
 * interrupted proves nothing.
 */
@Injectable()
export class CheckEvidence {
  private readonly logger = new Logger(CheckEvidence.name);

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly evidence: EvidenceStore,
  ) {}

  /** @returns null when nothing was shown */
  async of(run: RunEntity, session: SessionEntity | null, end: RunEnd): Promise<NewEvidence | null> {
    const { input } = run;
    if (input.kind !== 'check' || session === null) return null;
    const tree = input.tree ?? run.treeBefore;
    if (tree === null || (end.status !== 'succeeded' && end.status !== 'failed')) return null;
    try {
      const logged = await this.read(run.id);
      if (logged.completed.size === 0) return null;
      const checks = resultsOf(input, logged);
      if (end.status === 'failed' && checks.every(({ status }) => status === 'passed')) return null;
      const { baseTree: declaredIn, repoUrl } = session;
      const [sessionId, runId] = [run.sessionId, run.id];
      const startedAt = logged.startedAt.get(checkItemId(0)) ?? end.at;
      const { runner } = logged;
      const times = { startedAt, endedAt: end.at };
      return await this.evidence.sign({
        sessionId,
        runId,
        repoUrl,
        tree,
        declaredIn,
        runner,
        ...times,
        checks,
      });
    } catch (error) {
      if (isStoreOutage(error)) throw error;
      // A key that cannot be opened must not keep the run from ending. Without evidence nothing counts as passed.
      this.logger.error(`run ${run.id} ended without evidence: ${String(error)}`);
      return null;
    }
  }

  private async read(runId: string): Promise<Logged> {
    const logged: Logged = { runner: '', startedAt: new Map(), completed: new Map() };
    for (let after = '-'; ;) {
      const page = await this.redis.xrange(REDIS_KEYS.runEvents(runId), after, '+', 'COUNT', PAGE);
      for (const [, fields] of page) {
        if (!WANTED.includes(fieldOf(fields, STREAM_FIELDS.type) ?? '')) continue;
        const event = readRunEvent(fieldOf(fields, STREAM_FIELDS.event) ?? '');
        if (event && event.type !== 'unknown') note(logged, event);
      }
      const last = page.at(-1);
      if (!last) return logged;
      after = `(${last[0]}`;
    }
  }
}

function note(logged: Logged, event: RunEvent): void {
  const at = new Date(event.at);
  if (event.type === 'run.started') logged.runner = event.data.runner;
  if (event.type === 'item.started') logged.startedAt.set(event.data.item.id, at);
  if (event.type !== 'item.completed') return;
  const item = CommandExecutionItem.safeParse(event.data.item);
  if (item.success) logged.completed.set(item.data.id, { at, item: item.data });
}

/** Postgres can store neither this character nor halves of surrogate pairs, which the cut of a long text may leave. */
const storable = (text: string): string => Buffer.from(text.replaceAll('\0', '\u{fffd}')).toString();

const resultsOf = (input: RunInputOf<'check'>, logged: Logged): Findings['checks'] =>
  input.checks.map(({ name, run: command }, index) => {
    const id = checkItemId(index);
    const [startedAt, ended] = [logged.startedAt.get(id), logged.completed.get(id)];
    if (!startedAt || !ended)
      return { name, command, status: 'not_run', exit_code: null, duration_ms: null, log: '' };
    const code = ended.item.exit_code ?? null;
    return {
      name,
      command,
      status: code === null ? 'stopped' : code === 0 ? 'passed' : 'failed',
      exit_code: code,
      duration_ms: ended.at.getTime() - startedAt.getTime(),
      log: storable(ended.item.aggregated_output),
    };
  });
