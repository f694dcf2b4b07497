import { Inject, Injectable } from '@nestjs/common';
import type {
  LimitReached,
  ReserveModelCall,
  Reservation,
  SettleModelCall,
} from '@saas-codex/contracts/model-calls';
import type { ModelPrice } from '@saas-codex/contracts/models';
import type { Usage } from '@saas-codex/contracts/runs';
import { CONFIG, type Config } from '../config.js';
import { LOCK, lockInTransaction } from '../database/locks.js';
import { sessionPrivateTo } from '../database/private-rows.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { capOf, type Caps, hasCap, placesOf, setterOf, type Total } from './caps.js';
import type { TenantScope } from '../database/tenant-row.js';
import { type Amount, amountAtMost, amountOf, NOTHING } from './cost.js';
import { LimitNotices } from './limit-notices.js';
import { LimitWaits } from './limit-waits.js';
import { FREE } from './price-list.js';
import { isAllowed, priceOf, type SpendRules, SpendRulesStore } from './spend-rules.js';
import { addToTotals, readTotals, recordNotices, subtractFromTotals } from './spend-totals.js';

/*
 * The ledger: one row per model call, the one truth about what was spent.
 *
 *     reserved ──┬─ settled    the model server said what it used
 *                ├─ released   it has not worked on the call: nothing
 *                └─ assumed    nobody knows (a killed runner, a broken answer): the whole reservation
 *                     └─ settled   the runner was only cut off, and says it later
 *
 * Every step is one transaction under one lock of the tenant, for all backends. It changes the call's row and the totals of
 * its run, session, person and tenant together. So a cap is compared with everything that was used or may still be used, no
 * step counts twice, and what Postgres has committed survives every runner, backend and Redis. A call counts in the day and
 * month in which it was reserved.
 */

interface OpenRun {
  now: string;
  sessionId: string;
  person: string;
  repoUrl: string | null;
  /** Who alone may know the repository. */
  privateTo: string | null;
  isAtLimit: boolean;
}

const RUN = `
  SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS now, r.session_id AS "sessionId", r.created_by AS person,
         r.limit_reached_at IS NOT NULL AS "isAtLimit", s.repo_url AS "repoUrl", ${sessionPrivateTo('s.')} AS "privateTo"
    FROM runs r JOIN sessions s ON s.tenant_id = r.tenant_id AND s.id = r.session_id
   WHERE r.tenant_id = $1 AND r.id = $2 AND r.status IN ('queued', 'running', 'waiting')`;
const RESERVED_BEFORE = `
  SELECT reserved_output_tokens::float8 AS "outputTokens" FROM model_calls WHERE tenant_id = $1 AND id = $2`;
const INSERT = `
  INSERT INTO model_calls (id, tenant_id, person, session_id, run_id, repo_url, private_to, model, input_price, cached_input_price,
                           output_price, state, reserved_output_tokens, reserved_tokens, reserved_micro_usd, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'reserved', $12, $13, $14, now())`;

const SPENT_BY = `
  SELECT coalesce(sum(coalesce(micro_usd, reserved_micro_usd)), 0)::float8 AS micro_usd,
         coalesce(bool_and(input_price IS NOT NULL), true) AS "isPriced"
    FROM model_calls WHERE tenant_id = $1 AND run_id = ANY($2::uuid[])`;

interface Spent {
  micro_usd: number;
  isPriced: boolean;
}

interface Call {
  person: string;
  sessionId: string;
  runId: string;
  day: string;
  state: 'reserved' | 'settled' | 'released' | 'assumed';
  price: ModelPrice | null;
  reserved: Amount;
}

const CALL = `
  SELECT person, session_id AS "sessionId", run_id AS "runId", state,
         to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
         CASE WHEN input_price IS NOT NULL THEN json_build_object(
           'input', input_price, 'cached_input', cached_input_price, 'output', output_price) END AS price,
         json_build_object('tokens', reserved_tokens, 'micro_usd', reserved_micro_usd) AS reserved
    FROM model_calls WHERE tenant_id = $1 AND id = $2`;
const END = `
  UPDATE model_calls SET state = $3, ended_at = now(), input_tokens = $4, cached_input_tokens = $5, output_tokens = $6,
         reasoning_output_tokens = $7, tokens = $8, micro_usd = $9
   WHERE tenant_id = $1 AND id = $2`;

const NO_USAGE: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
};

@Injectable()
export class ModelLedger {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly db: TenantDatabase,
    private readonly rules: SpendRulesStore,
    private readonly notices: LimitNotices,
    private readonly waits: LimitWaits,
  ) {}

  /** Reserves what a call may use, unless that would pass a cap. The same call again gets the same answer. */
  reserve(call: ReserveModelCall): Promise<Reservation> {
    const { tenant_id: tenantId, call_id: id } = call;
    return this.db.run({ tenantId }, async (tx) => {
      await lockInTransaction(tx.manager, LOCK.tenantSpend(tenantId));
      const [before] = await tx.manager.query<{ outputTokens: number | null }[]>(RESERVED_BEFORE, [
        tenantId,
        id,
      ]);
      if (before) return { outcome: 'granted', output_tokens: before.outputTokens };
      const [run] = await tx.manager.query<OpenRun[]>(RUN, [tenantId, call.run_id]);
      if (!run) return refused('run_ended', 'This run has ended.');
      const reservation = await this.reserveFor(tx, run, call, await this.rules.readIn(tx));
      const waits = reservation.outcome === 'limit_reached';
      const waiting = { tenantId, sessionId: run.sessionId, runId: call.run_id };
      if (waits !== run.isAtLimit) tx.afterCommit(() => this.waits.record(waiting, waits));
      return reservation;
    });
  }

  /**
   * What the calls of these runs have cost, in millionths of a dollar. What is under way counts as it was reserved.
   * @returns isPriced: the price of each call is known. Others count as 0
   */
  async spentBy({ tenantId }: TenantScope, runIds: readonly string[]): Promise<Spent> {
    return this.db.run({ tenantId }, async (tx) => {
      const [row] = await tx.manager.query<Spent[]>(SPENT_BY, [tenantId, runIds]);
      return row ?? { micro_usd: 0, isPriced: true };
    });
  }

  private async reserveFor(
    tx: TenantTransaction,
    run: OpenRun,
    call: ReserveModelCall,
    rules: SpendRules,
  ): Promise<Reservation> {
    const { limits } = rules;
    const { model } = call;
    if (!isAllowed(rules, model))
      return refused(
        'model_not_allowed',
        `Your organisation does not allow the model ${model}. Start a session with another one, or ask an admin to allow it.`,
      );
    const price = call.demo ? FREE : priceOf(rules, model);
    if (price === null && hasCap(limits, 'micro_usd'))
      return refused(
        'model_price_unknown',
        `Money is limited here, and the price of the model ${model} is not known. An admin can set it in the settings, under Models.`,
      );
    const isLimited = hasCap(limits, 'tokens') || hasCap(limits, 'micro_usd');
    const output = call.output_tokens ?? this.config.MODEL_MAX_OUTPUT_TOKENS;
    const amount = amountAtMost(call.input_tokens, output, price);
    const spender = {
      runId: call.run_id,
      tenantId: call.tenant_id,
      sessionId: run.sessionId,
      person: run.person,
    };
    const places = placesOf(spender, run.now);
    const totals = await readTotals(tx, places);
    const passed = firstPassed(rules, totals, amount);
    if (passed) {
      // Told only when nothing that is under way could make room.
      if (passed.outcome === 'limit_reached') await this.notify(tx, rules, totals, spender, passed.total);
      return { outcome: passed.outcome, limit: passed.limit };
    }
    await tx.manager.query(INSERT, [
      call.call_id,
      call.tenant_id,
      run.person,
      run.sessionId,
      call.run_id,
      run.repoUrl,
      run.privateTo,
      model,
      price?.input ?? null,
      price?.cached_input ?? null,
      price?.output ?? null,
      isLimited ? output : null,
      amount.tokens,
      amount.micro_usd,
    ]);
    await addToTotals(tx, places, { used: NOTHING, reserved: amount });
    return { outcome: 'granted', output_tokens: isLimited ? output : null };
  }

  /** Replaces the reservation by what was used. Only the first end of a call counts, except that usage replaces an assumption. */
  settle(id: string, { tenant_id: tenantId, outcome, usage }: SettleModelCall): Promise<void> {
    return this.db.run({ tenantId }, async (tx) => {
      await lockInTransaction(tx.manager, LOCK.tenantSpend(tenantId));
      const [call] = await tx.manager.query<Call[]>(CALL, [tenantId, id]);
      const isKnown = outcome === 'settled' && usage !== null;
      const state = isKnown ? 'settled' : outcome === 'released' ? 'released' : 'assumed';
      if (!call || !(call.state === 'reserved' || (call.state === 'assumed' && state === 'settled'))) return;
      const amount = isKnown ? amountOf(usage, call.price) : state === 'released' ? NOTHING : call.reserved;
      const counted = isKnown ? usage : NO_USAGE;
      const { input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens } = counted;
      const tokens = [input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens];
      await tx.manager.query(END, [tenantId, id, state, ...tokens, amount.tokens, amount.micro_usd]);
      const spender = { tenantId, runId: call.runId, sessionId: call.sessionId, person: call.person };
      const places = placesOf(spender, call.day);
      const wasReserved = call.state === 'reserved';
      await addToTotals(tx, places, { used: amount, reserved: NOTHING });
      await subtractFromTotals(tx, places, {
        used: wasReserved ? NOTHING : call.reserved,
        reserved: wasReserved ? call.reserved : NOTHING,
      });
      await this.notify(tx, await this.rules.readIn(tx), await readTotals(tx, places), spender, null);
    });
  }

  /** @param full the place at which a call was just refused */
  private async notify(
    tx: TenantTransaction,
    caps: Caps,
    totals: Total[],
    spender: Parameters<typeof placesOf>[0],
    full: { total: Total; unit: 'micro_usd' | 'tokens' } | null,
  ): Promise<void> {
    const isFull = (total: Total, unit: 'micro_usd' | 'tokens') =>
      full?.total === total && full.unit === unit;
    const notices = await recordNotices(tx, caps, totals, isFull);
    if (notices.length > 0) tx.afterCommit(() => this.notices.publish(spender, notices));
  }
}

interface Passed {
  outcome: 'busy' | 'limit_reached';
  limit: LimitReached;
  total: { total: Total; unit: 'micro_usd' | 'tokens' };
}

/** The first cap that the amount would pass; one that has room once other calls have ended comes last. */
function firstPassed(caps: Caps, totals: readonly Total[], amount: Amount): Passed | null {
  const all = totals.flatMap((total) =>
    (['micro_usd', 'tokens'] as const).flatMap((unit): Passed[] => {
      const cap = capOf(caps.limits, total, unit);
      const needed = amount[unit];
      const used = total[unit];
      if (cap === null || used + total[`reserved_${unit}`] + needed <= cap) return [];
      const outcome = used + needed > cap ? 'limit_reached' : 'busy';
      const set_by = setterOf(caps, total, unit);
      const limit = { scope: total.scope, unit, period: total.kind, cap, used, needed, set_by };
      return [{ outcome, limit, total: { total, unit } }];
    }),
  );
  return all.find(({ outcome }) => outcome === 'limit_reached') ?? all[0] ?? null;
}

type Refusal = Extract<Reservation, { outcome: 'refused' }>;
const refused = (code: Refusal['code'], detail: string): Refusal => ({ outcome: 'refused', code, detail });
