import { Inject, Injectable } from '@nestjs/common';
import { readRunEvent, type RunEventOf } from '@saas-codex/contracts/events';
import { parseEventId } from '@saas-codex/contracts/event-ids';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import { RUN_TRANSITIONS } from '@saas-codex/contracts/runs';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import type { Redis } from 'ioredis';
import {
  holdsRun,
  recordRequested,
  recordResolved,
  unappliedAnswers,
  waitsForPerson,
} from '../approvals/approval-rows.js';
import { transition } from '../database/transition.js';
import type { RequestContext } from '../identity/request-context.js';
import { REDIS } from '../redis.module.js';
import { RunnerClient, RunnerRefused } from '../runner-client/runner-client.js';
import { RunEntity } from './run.entity.js';
import { RunDispatch } from './run-dispatch.js';
import { RunStore } from './run-store.js';

/** Entries of a log that are read at once. */
const PAGE = 500;

type ApprovalEvent = RunEventOf<'approval.requested'> | RunEventOf<'approval.resolved'>;

/** What a run's log says about questions, after what was read before. */
interface News {
  events: ApprovalEvent[];
  readTo: number;
}

/**
 * Transfers a run's questions from its log into rows, and answers from the rows to the runner:
 *
 *     log ──► rows; running → waiting
 *     answered rows ──room for one more run: waiting → running──► runner ──► log: approval.resolved ──► rows: applied
 *
 * An answer is delivered until the log says that it has taken effect. The runner takes it once.
 */
@Injectable()
export class RunApprovals {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly runs: RunStore,
    private readonly dispatch: RunDispatch,
    private readonly runner: RunnerClient,
  ) {}

  /** Before the run's end is recorded, so that every question has a row. */
  async readLog(ctx: RequestContext, run: RunEntity): Promise<void> {
    if (!mayAsk(run)) return;
    const { events, readTo } = await this.newsOf(run);
    if (readTo <= run.approvalsReadTo) return;
    await this.runs.changeIfThere(ctx, run.sessionId, async (tx) => {
      for (const { type, data, at } of events) {
        if (type === 'approval.requested') await recordRequested(tx, run, data, new Date(at));
        else await recordResolved(tx, data, new Date(at));
      }
      await tx.of(RunEntity).update({ id: run.id }, { approvalsReadTo: readTo });
    });
  }

  /**
   * Of a run that a runner has: lets it wait, or delivers its answers once there is room for it.
   * @returns whether it has left its place to others
   */
  async follow(ctx: RequestContext, run: RunEntity): Promise<boolean> {
    if (!mayAsk(run)) return false;
    const { answers, waits } = await this.runs.read(ctx, async (tx) => ({
      answers: await unappliedAnswers(tx, run.id),
      waits: await waitsForPerson(tx, run.id),
    }));
    const hasLeft = waits && (await this.wait(ctx, run));
    const mayGoOn = !waits && (await this.dispatch.resume(ctx, run));
    for (const { requestId, kind, decision, decidedBy } of answers) {
      // An answer about a connection needs no place: the run has one, or goes on waiting for another answer.
      if (decision === null || (!mayGoOn && holdsRun(kind))) continue;
      const answer = { requestId, decision, timedOut: decidedBy?.kind === 'system' };
      await this.runner.answerRun(run.id, answer).catch((error: unknown) => {
        // The run has ended meanwhile: its log says so.
        if (!(error instanceof RunnerRefused)) throw error;
      });
    }
    return hasLeft;
  }

  private async wait(ctx: RequestContext, { id, sessionId, status }: RunEntity): Promise<boolean> {
    if (status === 'waiting') return false;
    const waits = await this.runs.changeIfThere(ctx, sessionId, async (tx) => {
      const isDue = await waitsForPerson(tx, id);
      return isDue && transition(tx, RunEntity, RUN_TRANSITIONS, { id, to: 'waiting' });
    });
    return waits ?? false;
  }

  private async newsOf({ id, approvalsReadTo }: RunEntity): Promise<News> {
    const news: News = { events: [], readTo: approvalsReadTo };
    let after = `(${approvalsReadTo}-0`;
    for (;;) {
      const page = await this.redis.xrange(REDIS_KEYS.runEvents(id), after, '+', 'COUNT', PAGE);
      for (const [entryId, fields] of page) {
        after = `(${entryId}`;
        const { seq = 0, delta = 0 } = parseEventId(entryId) ?? {};
        if (delta > 0) continue;
        news.readTo = seq;
        const event = isAboutApprovals(fields)
          ? readRunEvent(fieldOf(fields, STREAM_FIELDS.event) ?? '')
          : null;
        if (event?.type === 'approval.requested' || event?.type === 'approval.resolved')
          news.events.push(event);
      }
      if (page.length < PAGE) return news;
    }
  }
}

const mayAsk = ({ approvalMode, asksForHosts }: RunEntity) => approvalMode !== 'never' || asksForHosts;

const isAboutApprovals = (fields: string[]): boolean =>
  fieldOf(fields, STREAM_FIELDS.type)?.startsWith('approval.') ?? false;
