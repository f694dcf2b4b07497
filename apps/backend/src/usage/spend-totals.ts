import type { LimitSetter } from '@saas-codex/contracts/limits';
import type { TenantTransaction } from '../database/tenant-database.js';
import { capOf, type Caps, type Place, reachedPercentage, setterOf, type Total } from './caps.js';
import type { Amount } from './cost.js';

const PLACES = `unnest($2::text[], $3::text[], $4::text[]) AS place (scope, subject, period)`;
const TOTALS = `
  SELECT place.scope, place.subject, place.period,
         coalesce(t.tokens, 0)::float8 AS tokens, coalesce(t.micro_usd, 0)::float8 AS micro_usd,
         coalesce(t.reserved_tokens, 0)::float8 AS reserved_tokens,
         coalesce(t.reserved_micro_usd, 0)::float8 AS reserved_micro_usd,
         coalesce(t.noticed_tokens, 0) AS noticed_tokens, coalesce(t.noticed_micro_usd, 0) AS noticed_micro_usd
    FROM ${PLACES}
         LEFT JOIN spend_totals t ON t.tenant_id = $1 AND t.scope = place.scope AND t.subject = place.subject
                                 AND t.period = place.period`;
const ADD = `
  INSERT INTO spend_totals AS t (tenant_id, scope, subject, period, tokens, micro_usd, reserved_tokens, reserved_micro_usd)
  SELECT $1, place.scope, place.subject, place.period, $5::bigint, $6::bigint, $7::bigint, $8::bigint FROM ${PLACES}
  ON CONFLICT (tenant_id, scope, subject, period) DO UPDATE SET
    tokens = t.tokens + excluded.tokens, micro_usd = t.micro_usd + excluded.micro_usd,
    reserved_tokens = t.reserved_tokens + excluded.reserved_tokens,
    reserved_micro_usd = t.reserved_micro_usd + excluded.reserved_micro_usd`;
const SUBTRACT = `
  UPDATE spend_totals t SET
    tokens = t.tokens - $5::bigint, micro_usd = t.micro_usd - $6::bigint,
    reserved_tokens = t.reserved_tokens - $7::bigint, reserved_micro_usd = t.reserved_micro_usd - $8::bigint
    FROM ${PLACES}
   WHERE t.tenant_id = $1 AND t.scope = place.scope AND t.subject = place.subject AND t.period = place.period`;
const SAVE_NOTICED = `
  INSERT INTO spend_totals (tenant_id, scope, subject, period, noticed_tokens, noticed_micro_usd)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (tenant_id, scope, subject, period) DO UPDATE SET
    noticed_tokens = excluded.noticed_tokens, noticed_micro_usd = excluded.noticed_micro_usd`;
const FORGET_NOTICES = `
  UPDATE spend_totals SET noticed_tokens = 0, noticed_micro_usd = 0
   WHERE tenant_id = $1 AND (noticed_tokens > 0 OR noticed_micro_usd > 0)`;

/** A cap of which people have to be told, since a percentage of it was reached for the first time. */
export interface Notice {
  total: Total;
  unit: 'micro_usd' | 'tokens';
  percentage: number;
  cap: number;
  /** Who can raise it. */
  setBy: LimitSetter;
}

const columnsOf = (places: readonly Place[]) => [
  places.map(({ scope }) => scope),
  places.map(({ subject }) => subject),
  places.map(({ period }) => period),
];

/**
 * The sums of the ledger at each place, kept so that a reservation need not add up a month of calls. They change only in the
 * transactions that change the ledger, under the tenant's lock.
 */
export async function readTotals(tx: TenantTransaction, places: readonly Place[]): Promise<Total[]> {
  const rows = await tx.manager.query<Omit<Total, 'kind'>[]>(TOTALS, [
    tx.scope.tenantId,
    ...columnsOf(places),
  ]);
  return places.flatMap((place) => {
    const row = rows.find((one) => one.scope === place.scope && one.period === place.period);
    return row ? [{ ...row, kind: place.kind }] : [];
  });
}

/** @param by what is added to what was used, and to what is reserved */
export async function addToTotals(
  tx: TenantTransaction,
  places: readonly Place[],
  by: { used: Amount; reserved: Amount },
): Promise<void> {
  await tx.manager.query(ADD, [tx.scope.tenantId, ...columnsOf(places), ...valuesOf(by)]);
}

export async function subtractFromTotals(
  tx: TenantTransaction,
  places: readonly Place[],
  by: { used: Amount; reserved: Amount },
): Promise<void> {
  await tx.manager.query(SUBTRACT, [tx.scope.tenantId, ...columnsOf(places), ...valuesOf(by)]);
}

const valuesOf = ({ used, reserved }: { used: Amount; reserved: Amount }) => [
  used.tokens,
  used.micro_usd,
  reserved.tokens,
  reserved.micro_usd,
];

/**
 * Finds the percentages that were reached since the last time, and records that people are told of them.
 * @param isFull whether a call was just refused at this cap
 */
export async function recordNotices(
  tx: TenantTransaction,
  caps: Caps,
  totals: readonly Total[],
  isFull: (total: Total, unit: Notice['unit']) => boolean,
): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (const total of totals) {
    const noticed = { tokens: total.noticed_tokens, micro_usd: total.noticed_micro_usd };
    const before = notices.length;
    for (const unit of ['tokens', 'micro_usd'] as const) {
      const cap = capOf(caps.limits, total, unit);
      if (cap === null) continue;
      const percentage = isFull(total, unit) ? 100 : reachedPercentage(total[unit], cap);
      if (percentage <= noticed[unit]) continue;
      noticed[unit] = percentage;
      notices.push({ total, unit, percentage, cap, setBy: setterOf(caps, total, unit) });
    }
    if (notices.length === before) continue;
    const { scope, subject, period } = total;
    const at = [tx.scope.tenantId, scope, subject, period];
    await tx.manager.query(SAVE_NOTICED, [...at, noticed.tokens, noticed.micro_usd]);
  }
  return notices;
}

/** After a change of the limits, whose percentages are other ones. */
export async function forgetNotices(tx: TenantTransaction): Promise<void> {
  await tx.manager.query(FORGET_NOTICES, [tx.scope.tenantId]);
}
