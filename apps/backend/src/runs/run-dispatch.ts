import { Inject, Injectable } from '@nestjs/common';
import { type Network, NETWORK_OFF } from '@saas-codex/contracts/network';
import type { StartRun } from '@saas-codex/contracts/runner-api';
import {
  isAside,
  isCodexRun,
  isInConversation,
  RUN_TRANSITIONS,
  type RunInput,
  type RunInputOf,
} from '@saas-codex/contracts/runs';
import { sealGrant } from '@saas-codex/service-kit/run-grant';
import { Tracing } from '@saas-codex/service-kit/tracing/tracing';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { IsNull } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { LOCK, lockInTransaction } from '../database/locks.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { transition } from '../database/transition.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunnerClient } from '../runner-client/runner-client.js';
import { SecretStore } from '../secrets/secret-store.js';
import { isMoving, SessionEntity } from '../sessions/session.entity.js';
import { ModelServerService } from '../usage/model-server.service.js';
import { History } from '../workspaces/history/history.js';
import { EditNotes } from './edit-notes.js';
import { ProposalPrompts } from './proposal-prompts.js';
import { nextToStart } from './queue-order.js';
import { RunEntity } from './run.entity.js';
import { RunLimits } from './run-limits.js';
import { RunPlaces } from './run-places.js';
import { IN_FLIGHT, IN_PLACE, lastToHaveIn, RunStore } from './run-store.js';

/** The session names secrets that were deleted. */
export class SecretsDeleted extends Error {
  override name = 'SecretsDeleted';

  constructor(readonly names: readonly string[]) {
    super(`deleted secrets: ${names.join(', ')}`);
  }
}

/**
 * Hands a run over to the runner, in two steps, each of which can be repeated:
 *
 *     queued ── claim: workspace recorded, dispatched_at set ── hand over: POST /runs ──► the runner has it
 *
 * Once claimed, the run may start at any moment. So it has the workspace to itself, and only its log says how it ended.
 *
 * Tenants share the runners fairly: each has at most its share of runs there (`RunPlaces`), and the queue takes every tenant's
 * first run before any tenant's second.
 */
@Injectable()
export class RunDispatch {
  constructor(
    private readonly runs: RunStore,
    private readonly history: History,
    private readonly runner: RunnerClient,
    private readonly tracing: Tracing,
    private readonly places: RunPlaces,
    private readonly limits: RunLimits,
    private readonly secrets: SecretStore,
    private readonly modelServers: ModelServerService,
    private readonly notes: EditNotes,
    private readonly proposals: ProposalPrompts,
    @Inject(CONFIG) private readonly config: Pick<Config, 'SERVICE_TOKEN'>,
  ) {}

  /** Whether the tenant, or who wrote this prompt, has reached a limit of runs with the runners. */
  async isFull(ctx: RequestContext, run: RunEntity): Promise<boolean> {
    if ((await this.runs.countInPlace(ctx)) >= (await this.places.shareOf(ctx))) return true;
    return !(await this.runs.read(ctx, (tx) => this.limits.hasRoom(tx, run.createdBy)));
  }

  /**
   * @returns false when the run cannot have the workspace now: it was cancelled or held, is no longer the next one, or another run has it
   * @throws ProblemError edit_conflict when the files have changed where an edit changes them
   */
  async claim(ctx: RequestContext, session: SessionEntity, run: RunEntity): Promise<boolean> {
    const last = await this.runs.lastToHave(ctx, session.id);
    const [treeBefore, headBefore] = await Promise.all([
      this.treeNow(ctx, session),
      this.history.readHead(session.id),
    ]);
    const input = await this.targetedInput(ctx, session, run, treeBefore);
    const share = await this.places.shareOf(ctx);
    const claimed = await this.runs.changeIfThere(ctx, session.id, async (tx, now) => {
      const runs = tx.of(RunEntity);
      const busy = await runs.count(IN_FLIGHT.map((part) => ({ ...part, sessionId: session.id })));
      if (busy > 0 || now.status !== 'ready' || now.deletedAt || isMoving(now)) return false;
      // Otherwise the tree was read before a rewind, or before another run.
      if (now.restoredTree !== session.restoredTree) return false;
      if ((await lastToHaveIn(tx, session.id))?.id !== last?.id) return false;
      // A person may have put another prompt before it since it was chosen.
      const candidates = { sessionId: session.id, status: 'queued', cancelRequestedAt: IsNull() } as const;
      if (nextToStart(now, await runs.find({ where: candidates }))?.id !== run.id) return false;
      if (!(await this.hasRoom(tx, share, run))) return false;
      const waiting = {
        id: run.id,
        status: run.status,
        held: false,
        dispatchedAt: IsNull(),
        cancelRequestedAt: IsNull(),
      };
      const trees = { treeBefore, headBefore, ...(input !== null && { input }) };
      const claim = {
        dispatchedAt: new Date(),
        ...trees,
        approvalMode: now.approvalMode,
        asksForHosts: networkOf(now, run).mode === 'ask',
      };
      if ((await runs.update(waiting, claim)) === 0) return false;
      // From here on the workspace is the run's, and nothing can be undone. A run aside leaves it as it is.
      const own = { restoredTree: null, rewind: null };
      if (!isAside(run.kind) && (now.restoredTree !== null || now.rewind !== null))
        await tx.of(SessionEntity).update({ id: session.id }, own);
      return true;
    });
    return claimed ?? false;
  }

  /** A waiting run goes on. @returns false when there is no room for it now */
  async resume(ctx: RequestContext, run: RunEntity): Promise<boolean> {
    if (run.status !== 'waiting') return true;
    const share = await this.places.shareOf(ctx);
    const resumed = await this.runs.changeIfThere(ctx, run.sessionId, async (tx) => {
      if (!(await this.hasRoom(tx, share, run))) return false;
      return transition(tx, RunEntity, RUN_TRANSITIONS, { id: run.id, to: 'running' });
    });
    return resumed ?? false;
  }

  /**
   * The run gets the network, trust and secrets that the session has now, and the model server that the organisation has now.
   * @throws RunnerUnavailable, RunnerRefused; SecretsDeleted when the session names secrets that no longer exist
   */
  async handOver(
    ctx: RequestContext,
    session: SessionEntity,
    threadId: string,
    run: RunEntity,
  ): Promise<void> {
    const attributes = { run_id: run.id, session_id: session.id, tenant_id: session.tenantId };
    const span = this.tracing.beginSpan('dispatch', { parent: run.traceparent, kind: 'client', attributes });
    try {
      const request = await this.requestFor(ctx, session, threadId, run);
      const { traceparent } = span;
      await this.runner.startRun({ ...request, ...(traceparent !== null && { traceparent }) });
      span.end();
    } catch (error) {
      span.end(error instanceof Error ? error.name : 'failed');
      throw error;
    }
  }

  private async requestFor(
    ctx: RequestContext,
    session: SessionEntity,
    threadId: string,
    run: RunEntity,
  ): Promise<StartRun> {
    return {
      runId: run.id,
      threadId,
      input: await this.inputFor(ctx, session, run),
      priority: await this.runs.countInPlace(ctx),
      ...(isCodexRun(run.kind) && { metered: true }),
      network: networkOf(session, run),
      ...(isInConversation(run.kind) && run.approvalMode === 'ask' && { approvalMode: run.approvalMode }),
      ...(isInConversation(run.kind) && session.trustRepository && { trustRepository: true }),
      ...(run.treeBefore !== null && { checkpoint: run.treeBefore }),
      ...(await this.noteFor(ctx, run)),
      ...(await this.grantFor(session, run)),
    };
  }

  /** What an edit makes of the files as they are now. null: the run is no edit. */
  private async targetedInput(
    ctx: RequestContext,
    { baseCommit }: SessionEntity,
    run: RunEntity,
    tree: string,
  ): Promise<RunInput | null> {
    const { input, sessionId } = run;
    if (input.kind !== 'edit') return null;
    if (input.base !== undefined && input.base.from.commit !== baseCommit)
      throw new ProblemError('edit_conflict', 'The branch was merged meanwhile. Look at the changes again.');
    return { ...input, target: await this.history.mergeChange(ctx, sessionId, tree, input.change) };
  }

  /** What Codex is told for a proposal is long, and can be made again. So it is kept nowhere. */
  private async inputFor(ctx: RequestContext, session: SessionEntity, run: RunEntity): Promise<RunInput> {
    const { input } = run;
    if (input.kind === 'edit') return withoutBase(input);
    if (input.kind !== 'proposal') return input;
    return { ...input, prompt: await this.proposals.promptFor(ctx, session, run.id, input.change) };
  }

  private async noteFor(ctx: RequestContext, run: RunEntity): Promise<Pick<StartRun, 'note'>> {
    const note = run.kind === 'prompt' ? await this.notes.of(ctx, run) : null;
    return note === null ? {} : { note };
  }

  /** Readable by runners alone, and for this run alone. Nothing to grant: no grant. */
  private async grantFor(
    { tenantId, ...session }: SessionEntity,
    { id: runId, kind, input }: RunEntity,
  ): Promise<Pick<StartRun, 'grant'>> {
    if (kind === 'edit') return {};
    const secrets = input.kind === 'check' ? (input.secrets ?? []) : session.secrets;
    const [environment, model] = await Promise.all([
      this.secrets.values({ tenantId }, secrets),
      isCodexRun(kind) ? this.modelServers.granted({ tenantId }) : null,
    ]);
    const deleted = secrets.filter((name) => environment[name] === undefined);
    if (deleted.length > 0) throw new SecretsDeleted(deleted);
    if (secrets.length === 0 && model === null) return {};
    const grant = { environment, ...(model && { model }) };
    return { grant: sealGrant(this.config.SERVICE_TOKEN, { runId, tenantId }, grant) };
  }

  /** Nothing writes to the workspace between runs, so the last recorded tree, if any, is the current one. */
  private async treeNow(ctx: RequestContext, session: SessionEntity): Promise<string> {
    const left = await this.runs.treeLeft(ctx, session);
    const isKnown = left !== null && (await this.history.hasCheckpoint(session.id, left));
    return isKnown ? left : this.history.takeCheckpoint(ctx, session.id);
  }

  /** Serialises the tenant's claims, so that two of them do not take the same place. */
  private async hasRoom(tx: TenantTransaction, share: number, run: RunEntity): Promise<boolean> {
    await lockInTransaction(tx.manager, LOCK.tenantRuns(tx.scope.tenantId));
    if ((await tx.of(RunEntity).count(IN_PLACE)) >= share) return false;
    return this.limits.hasRoom(tx, run.createdBy);
  }
}

/** Where the session's changes begin is the backend's affair. */
function withoutBase(input: RunInputOf<'edit'>): RunInput {
  const { base: _, ...edit } = input;
  return edit;
}

/** A setup script may have a network of its own, and checks have that too. */
function networkOf({ setup, network }: SessionEntity, { kind }: RunEntity): Network {
  if (kind === 'edit' || kind === 'proposal') return NETWORK_OFF;
  return (isCodexRun(kind) ? undefined : setup?.network) ?? network;
}
