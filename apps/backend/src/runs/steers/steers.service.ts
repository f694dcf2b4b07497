import { Injectable } from '@nestjs/common';
import { MAX_STEER_LENGTH, MAX_STEERS_PER_RUN, type Steer, type Steers } from '@saas-codex/contracts/steers';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import { RequestAudit } from '../../audit/request-audit.js';
import type { TenantTransaction } from '../../database/tenant-database.js';
import { actorId, authorOf } from '../../identity/actor.js';
import { type RequestContext, systemContext } from '../../identity/request-context.js';
import { waitAtMost } from '../../reconcile/wait-at-most.js';
import { RunnerClient } from '../../runner-client/runner-client.js';
import { auditedTitle } from '../../sessions/session-audit.js';
import { SessionEntity } from '../../sessions/session.entity.js';
import { SessionReads } from '../../sessions/session-reads.js';
import { WAITING } from '../queue-order.js';
import { cancelledBy, RunEntity } from '../run.entity.js';
import { RunLimits } from '../run-limits.js';
import { readWaiting } from '../run-queue.js';
import { RunReconciler } from '../run-reconciler.js';
import { IN_FLIGHT, isEnded, isInFlight, RunStore } from '../run-store.js';
import { requireAcceptsRuns } from '../session-refusals.js';
import { SteerDelivery } from './steer-delivery.js';
import { SteerEntity, toSteer } from './steer.entity.js';

/** How long a read waits until the row has caught up with the run's log. */
const CATCH_UP_MS = 1_000;

/**
 * Takes messages for runs that work. The row is committed before the answer; from then on the message reaches the agent once, in that
 * run or as the session's next prompt.
 */
@Injectable()
export class SteersService {
  constructor(
    private readonly runs: RunStore,
    private readonly delivery: SteerDelivery,
    private readonly reconciler: RunReconciler,
    private readonly runner: RunnerClient,
    private readonly limits: RunLimits,
    private readonly reads: SessionReads,
    private readonly audit: RequestAudit,
  ) {}

  /**
   * A run that has just ended is no error for who typed: the message is queued, before all others.
   * @throws ProblemError run_not_found, run_not_working, steer_unsupported, too_many_steers; as for a prompt if the run has ended
   */
  async steer(ctx: RequestContext, runId: string, prompt: string): Promise<Steer> {
    const { sessionId } = await this.runs.get(ctx, runId);
    const can = await this.canSteer();
    return this.change(ctx, sessionId, async (tx, session) => {
      const run = await tx.of(RunEntity).findOne({ where: { id: runId } });
      if (!run)
        throw new ProblemError('run_not_found', 'It may have been deleted together with its session.');
      requirePrompt(run);
      const by = { createdBy: actorId(ctx.actor), author: authorOf(ctx.actor) };
      if (isEnded(run)) {
        requireAcceptsRuns(session);
        await this.limits.requireRoomInQueue(tx, sessionId, by.createdBy);
      } else if (!isInFlight(run)) {
        throw new ProblemError(
          'run_not_working',
          'It waits in the queue. Edit it, or send a prompt of its own.',
        );
      } else if (!can) {
        throw unsupportedByEngine();
      }
      const steer = await this.insert(ctx, tx, run, { prompt, ...by });
      if (isEnded(run)) await this.delivery.queue(tx, session, run, [steer]);
      return { steer, targetId: runId };
    });
  }

  /**
   * Takes a prompt out of the queue and gives it to the run that works, both or neither.
   * @throws ProblemError run_not_found, run_not_queued, run_not_working, steer_unsupported, too_many_steers
   */
  async sendNow(ctx: RequestContext, queuedId: string): Promise<Steer> {
    const { sessionId } = await this.runs.get(ctx, queuedId);
    const can = await this.canSteer();
    return this.change(ctx, sessionId, async (tx) => {
      const runs = tx.of(RunEntity);
      const { input, createdBy, author } = await readWaiting(tx, queuedId);
      const working = await runs.findOne({ where: IN_FLIGHT.map((part) => ({ ...part, sessionId })) });
      if (!working) throw new ProblemError('run_not_working', 'The prompts that wait start by themselves.');
      requirePrompt(working);
      if (!can) throw unsupportedByEngine();
      if (input.kind !== 'prompt')
        throw new ProblemError('steer_unsupported', 'Only a prompt can be sent. Leave it in the queue.');
      if ((input.images ?? []).length > 0)
        throw new ProblemError('steer_unsupported', 'It has images. Leave it in the queue.');
      if (input.prompt.length > MAX_STEER_LENGTH)
        throw new ProblemError(
          'steer_unsupported',
          `It has more than ${MAX_STEER_LENGTH} characters. Leave it in the queue.`,
        );
      const by = { createdBy, author: author ?? authorOf(ctx.actor) };
      const steer = await this.insert(ctx, tx, working, { prompt: input.prompt, ...by });
      await runs.update({ id: queuedId, ...WAITING }, cancelledBy(ctx.actor));
      return { steer, targetId: queuedId };
    });
  }

  /** @throws ProblemError run_not_found */
  async list(ctx: RequestContext, runId: string): Promise<Steers> {
    await this.catchUp(ctx, runId);
    const steers = await this.runs.read(ctx, (tx) =>
      tx.of(SteerEntity).find({ where: { runId }, order: { ordinal: 'ASC' } }),
    );
    return { items: steers.map(toSteer) };
  }

  /** @throws ProblemError run_not_found, steer_not_found */
  async read(ctx: RequestContext, runId: string, id: string): Promise<Steer> {
    await this.catchUp(ctx, runId);
    const steer = await this.runs.read(ctx, (tx) => tx.of(SteerEntity).findOne({ where: { id, runId } }));
    if (!steer) throw new ProblemError('steer_not_found', 'Read the list of the run’s steers.');
    return toSteer(steer);
  }

  /** What a client has seen in the run's log, it sees in the answer, too. Without Redis it has seen nothing. */
  private async catchUp(ctx: RequestContext, runId: string): Promise<void> {
    const run = await this.runs.get(ctx, runId);
    if (isEnded(run)) return;
    const recorded = this.delivery.recordDelivered(systemContext('runs', ctx.tenantId), run);
    await waitAtMost(
      CATCH_UP_MS,
      recorded.then(
        () => undefined,
        () => undefined,
      ),
    );
  }

  /** @param work returns the steer that it has made, and the run that the audit log names */
  private async change(
    ctx: RequestContext,
    sessionId: string,
    work: (
      tx: TenantTransaction,
      session: SessionEntity,
    ) => Promise<{ steer: SteerEntity; targetId: string }>,
  ): Promise<Steer> {
    return this.runs.change(ctx, sessionId, async (tx, session) => {
      tx.afterCommit(() => this.reconciler.kick({ tenantId: ctx.tenantId, sessionId }));
      const { idempotentId: id } = ctx;
      const steers = tx.of(SteerEntity);
      const madeBefore = id === undefined ? null : await steers.findOne({ where: { id, sessionId } });
      if (madeBefore) {
        this.audit.recordedBefore(ctx);
        return toSteer(madeBefore);
      }
      const { steer, targetId } = await work(tx, session);
      await tx.of(SessionEntity).update({ id: sessionId }, { updatedAt: new Date() });
      await this.reads.follow(tx, ctx, sessionId);
      await this.audit.recordIn(tx, ctx, { target: { id: targetId, name: auditedTitle(session) } });
      return toSteer((await steers.findOne({ where: { id: steer.id } })) ?? steer);
    });
  }

  private async insert(
    ctx: RequestContext,
    tx: TenantTransaction,
    { id: runId, sessionId }: RunEntity,
    steer: Pick<SteerEntity, 'prompt' | 'createdBy' | 'author'>,
  ): Promise<SteerEntity> {
    const steers = tx.of(SteerEntity);
    const count = await steers.count({ runId });
    if (count >= MAX_STEERS_PER_RUN)
      throw new ProblemError('too_many_steers', `It takes ${MAX_STEERS_PER_RUN} at most. Send a prompt.`);
    return steers.insert({
      ...steer,
      id: ctx.idempotentId ?? uuidV7(),
      sessionId,
      runId,
      ordinal: count + 1,
      status: 'pending',
      createdAt: new Date(),
    });
  }

  /** A runner that does not answer may be able to. If it is not, the message becomes the next prompt. */
  private async canSteer(): Promise<boolean> {
    const info = await this.runner.system().catch(() => null);
    return info?.capabilities?.steer !== false;
  }
}

/** @throws ProblemError steer_unsupported */
function requirePrompt(run: RunEntity): void {
  if (run.kind === 'prompt') return;
  throw new ProblemError(
    'steer_unsupported',
    'Only the agent takes messages. Send a prompt; it waits its turn.',
  );
}

const unsupportedByEngine = () =>
  new ProblemError(
    'steer_unsupported',
    'Codex takes no messages here while it works (ENGINE=sdk). Send a prompt; it waits its turn.',
  );
