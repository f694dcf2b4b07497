import { Injectable } from '@nestjs/common';
import { type EditPrompt, isCodexRun, type Queue, type Run } from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RequestAudit } from '../audit/request-audit.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { authorOf } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { titleFromPrompt } from '../sessions/session-title.js';
import { WAITING, waits } from './queue-order.js';
import { placeInOrder, readQueue } from './queue-places.js';
import { RunEntity } from './run.entity.js';
import { RunReconciler } from './run-reconciler.js';
import { isEnded, RunStore } from './run-store.js';
import { toRun, toRunWithResult } from './run-view.js';

/**
 * What people do with the prompts that wait: edit one, put them in another order, have one run next.
 *
 *     queued ── edit, order ──► queued ── claim (RunDispatch) ──► the runner's, and nobody changes it any more
 *
 * Each change and each claim lock the session's row first. So a change comes before the claim, which then takes the new text
 * and the new first prompt, or it comes after the claim and is refused.
 *
 * Every change counts as activity of the session. That publishes the session, and whoever watches it reads its runs again.
 */
@Injectable()
export class RunQueue {
  constructor(
    private readonly runs: RunStore,
    private readonly reconciler: RunReconciler,
    private readonly audit: RequestAudit,
  ) {}

  /** @throws ProblemError run_not_found, run_not_queued, prompt_edited */
  async edit(ctx: RequestContext, id: string, { prompt, if_edited_at: expected }: EditPrompt): Promise<Run> {
    const { sessionId } = await this.runs.get(ctx, id);
    return this.runs.change(ctx, sessionId, async (tx, session) => {
      const run = await readWaiting(tx, id);
      if (expected !== undefined && toTime(run.editedAt) !== toTime(expected)) throw editedBy(run);
      if (run.input.kind !== 'prompt') throw new ProblemError('run_not_queued', ONLY_PROMPTS);
      const input = { ...run.input, prompt };
      const edit = { input, editedAt: new Date(), editedBy: authorOf(ctx.actor) };
      await tx.of(RunEntity).update({ id, ...WAITING }, edit);
      await this.recordChange(ctx, tx, session, id, retitled(session, run, prompt));
      return toRunWithResult({ ...run, ...edit }, null);
    });
  }

  /** @throws ProblemError session_not_found, queue_changed when `runIds` are not exactly those that wait */
  order(ctx: RequestContext, sessionId: string, runIds: readonly string[]): Promise<Queue> {
    return this.runs.change(ctx, sessionId, async (tx, session) => {
      const queue = await readQueue(tx, sessionId);
      const byId = new Map(queue.map((run) => [run.id, run]));
      const ordered = [...new Set(runIds)].flatMap((id) => byId.get(id) ?? []);
      if (ordered.length !== queue.length || runIds.length !== queue.length) {
        const run_ids = queue.map(({ id }) => id);
        throw new ProblemError('queue_changed', 'A prompt was added or has left it. Order it again.', {
          run_ids,
        });
      }
      await placeInOrder(tx, ordered);
      await this.recordChange(ctx, tx, session, sessionId);
      return { items: (await readQueue(tx, sessionId)).map(toRun) };
    });
  }

  /**
   * Puts a prompt before all others. It is held no longer, the others stay as they are.
   * @throws ProblemError run_not_found, run_not_queued
   */
  async runNext(ctx: RequestContext, id: string): Promise<Run> {
    const { sessionId } = await this.runs.get(ctx, id);
    return this.runs.change(ctx, sessionId, async (tx, session) => {
      const first = await readWaiting(tx, id);
      const others = (await readQueue(tx, sessionId)).filter((run) => run.id !== id);
      await placeInOrder(tx, [first, ...others]);
      await tx.of(RunEntity).update({ id, ...WAITING }, { held: false });
      await this.recordChange(ctx, tx, session, id);
      tx.afterCommit(() => this.reconciler.kick({ tenantId: ctx.tenantId, sessionId }));
      return toRunWithResult(await readWaiting(tx, id), null);
    });
  }

  private async recordChange(
    ctx: RequestContext,
    tx: TenantTransaction,
    session: SessionEntity,
    targetId: string,
    change: Partial<SessionEntity> = {},
  ): Promise<void> {
    await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: new Date(), ...change });
    await this.audit.recordIn(tx, ctx, { target: { id: targetId, name: auditedTitle(session) } });
  }
}

/** @throws ProblemError run_not_queued when it is no prompt that waits, or a runner has it */
export function requireWaiting(run: RunEntity): void {
  if (!waits(run)) throw new ProblemError('run_not_queued', reasonOf(run));
}

/** @throws ProblemError run_not_found, run_not_queued */
export async function readWaiting(tx: TenantTransaction, id: string): Promise<RunEntity> {
  const run = await tx.of(RunEntity).findOne({ where: { id } });
  if (!run) throw new ProblemError('run_not_found', 'It may have been deleted together with its session.');
  requireWaiting(run);
  return run;
}

const ONLY_PROMPTS = 'Only prompts can be edited. Remove it from the queue, and start another one.';

function reasonOf(run: RunEntity): string {
  if (run.kind === 'check')
    return 'These are checks of the repository. Change them in its .saas-codex/checks.yml.';
  if (run.kind === 'setup') return 'This is a setup script. Change it in the session’s environment.';
  if (run.kind === 'proposal') return 'This is a proposal of a commit message, which waits for no prompt.';
  if (!isCodexRun(run.kind)) return 'This is a change of the files, which starts before all prompts.';
  if (isEnded(run) || run.cancelRequestedAt)
    return 'It has ended or was removed. Send the text as a new prompt.';
  return 'It has been handed over to Codex. Send the text as a new prompt.';
}

const editedBy = ({ editedBy: author }: RunEntity): ProblemError =>
  new ProblemError(
    'prompt_edited',
    `${author?.name ?? 'Somebody'} has changed it since you read it. Read it again, then decide which text stays.`,
  );

const toTime = (at: Date | string | null): number | null => (at === null ? null : new Date(at).getTime());

/** A title that was made from a prompt follows its text: whoever takes something out of the prompt wants it nowhere. */
const retitled = (session: SessionEntity, { input }: RunEntity, prompt: string): { title?: string } =>
  input.kind === 'prompt' && !session.titleGiven && session.title === titleFromPrompt(input.prompt)
    ? { title: titleFromPrompt(prompt) }
    : {};
