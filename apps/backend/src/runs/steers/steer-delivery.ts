import { Inject, Injectable } from '@nestjs/common';
import { STEER_TRANSITIONS } from '@saas-codex/contracts/steers';
import type { Redis } from 'ioredis';
import { TenantDatabase, type TenantTransaction } from '../../database/tenant-database.js';
import { transition } from '../../database/transition.js';
import type { RequestContext } from '../../identity/request-context.js';
import { REDIS } from '../../redis.module.js';
import { RunnerClient, RunnerRefused } from '../../runner-client/runner-client.js';
import type { SessionEntity } from '../../sessions/session.entity.js';
import { placeInOrder, readQueue } from '../queue-places.js';
import { RunEntity } from '../run.entity.js';
import { RunQueueing } from '../run-queueing.js';
import { readDeliveredSteers } from './delivered-steers.js';
import { SteerEntity } from './steer.entity.js';

/** When steers were delivered, by their ids. */
type Delivered = ReadonlyMap<string, Date>;

/**
 * Brings steers to the run that works, and makes prompts of those that came too late.
 *
 *     pending ── deliver: POST /runs/{id}/steer ──► the run's inbox ──► engine ──► steer.delivered in the run's log ──► delivered
 *         └───── settle, when the log has ended without it ────────────────────────────────────────────────────────► queued
 *
 * The log is the truth: a steer that is in it was delivered, and no other. So a log that has ended decides for good, and the
 * transaction that records the run's end queues the rest, once.
 */
@Injectable()
export class SteerDelivery {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly db: TenantDatabase,
    private readonly queueing: RunQueueing,
    private readonly runner: RunnerClient,
  ) {}

  /** Sends what the run's inbox does not have yet. A repetition has no effect: the inbox knows each by its id. */
  async deliver(ctx: RequestContext, run: RunEntity): Promise<void> {
    const pending = await this.recordDelivered(ctx, run);
    for (const { id, prompt } of pending.filter(({ sentAt }) => sentAt === null)) {
      try {
        await this.runner.steerRun(run.id, { steerId: id, prompt });
      } catch (error) {
        // A runner of an earlier version. The steer becomes the next prompt.
        if (!(error instanceof RunnerRefused)) throw error;
      }
      await this.db.run(ctx, (tx) => tx.of(SteerEntity).update({ id }, { sentAt: new Date() }));
    }
  }

  /** Updates the rows of an open run's steers from its log. @returns those that are not in it */
  async recordDelivered(ctx: RequestContext, run: Pick<RunEntity, 'id'>): Promise<SteerEntity[]> {
    const pending = await this.db.run(ctx, (tx) => pendingOf(tx, run));
    const delivered = await this.readDelivered(run, pending);
    const inLog = pending.filter(({ id }) => delivered.has(id));
    if (inLog.length > 0) await this.db.run(ctx, (tx) => markDelivered(tx, inLog, delivered));
    return pending.filter(({ id }) => !delivered.has(id));
  }

  /** What the run's log says of the steers that are pending. To be read before the transaction that calls `settle`. */
  async deliveredIn(ctx: RequestContext, run: RunEntity): Promise<Delivered> {
    return this.readDelivered(run, await this.db.run(ctx, (tx) => pendingOf(tx, run)));
  }

  /** For the transaction that records the end of the run, whose log has ended. */
  async settle(
    tx: TenantTransaction,
    session: SessionEntity,
    run: RunEntity,
    delivered: Delivered,
  ): Promise<void> {
    const pending = await pendingOf(tx, run);
    await markDelivered(
      tx,
      pending.filter(({ id }) => delivered.has(id)),
      delivered,
    );
    const late = pending.filter(({ id }) => !delivered.has(id));
    if (late.length > 0) await this.queue(tx, session, run, late);
  }

  /**
   * Makes prompts of steers whose run has ended: the session's next ones, with the model of that run. After a stopped run they
   * are held, like those that waited behind it. For a transaction that has locked the session's row.
   */
  async queue(
    tx: TenantTransaction,
    session: SessionEntity,
    run: RunEntity,
    steers: readonly SteerEntity[],
  ): Promise<void> {
    const others = await readQueue(tx, session.id);
    const queued: RunEntity[] = [];
    for (const { id, prompt, createdBy, author } of steers) {
      const input = { ...promptOf(run), prompt };
      const next = await this.queueing.enqueueFor({ createdBy, author }, tx, session, { input });
      await transition(tx, SteerEntity, STEER_TRANSITIONS, {
        id,
        to: 'queued',
        set: { queuedRunId: next.id },
      });
      if (run.cancelRequestedAt) await tx.of(RunEntity).update({ id: next.id }, { held: true });
      queued.push(next);
    }
    await placeInOrder(tx, [...queued, ...others]);
  }

  private async readDelivered(
    { id }: Pick<RunEntity, 'id'>,
    [first]: readonly SteerEntity[],
  ): Promise<Delivered> {
    return first ? readDeliveredSteers(this.redis, id, first.createdAt) : new Map();
  }
}

/** In the order in which they were sent. */
const pendingOf = (tx: TenantTransaction, { id }: Pick<RunEntity, 'id'>): Promise<SteerEntity[]> =>
  tx.of(SteerEntity).find({ where: { runId: id, status: 'pending' }, order: { ordinal: 'ASC' } });

async function markDelivered(
  tx: TenantTransaction,
  steers: readonly SteerEntity[],
  delivered: Delivered,
): Promise<void> {
  for (const { id } of steers) {
    const deliveredAt = delivered.get(id) ?? null;
    await transition(tx, SteerEntity, STEER_TRANSITIONS, { id, to: 'delivered', set: { deliveredAt } });
  }
}

/** The model and effort of a prompt, for another one. Its images were meant for itself. */
function promptOf({ input }: RunEntity) {
  if (input.kind !== 'prompt') throw new Error('only prompts are steered');
  const { images: _, ...rest } = input;
  return rest;
}
