import {
  type LimitPeriod,
  type Limits,
  type LimitScope,
  type LimitSetter,
  type LimitUnit,
  NOTICE_PERCENTAGES,
  type SpendStanding,
} from '@saas-codex/contracts/limits';
import type { Amount } from './cost.js';

/** Where a model call counts: a row of `spend_totals`. */
export interface Place {
  scope: LimitScope;
  /** The run, session, person or tenant. */
  subject: string;
  kind: LimitPeriod;
  /** `2026-11-29`, `2026-11`, or `run`. */
  period: string;
}

/** What was used and reserved at a place, and up to which percentage of each cap people were told. */
export interface Total extends Place, Amount {
  reserved_tokens: number;
  reserved_micro_usd: number;
  noticed_tokens: number;
  noticed_micro_usd: number;
}

export interface Spender {
  runId: string;
  sessionId: string;
  person: string;
  tenantId: string;
}

/** @param day in UTC, such as `2026-11-29` */
export function placesOf({ runId, sessionId, person, tenantId }: Spender, day: string): Place[] {
  const both = (scope: LimitScope, subject: string): Place[] => [
    { scope, subject, kind: 'day', period: day },
    { scope, subject, kind: 'month', period: day.slice(0, 7) },
  ];
  return [
    { scope: 'run', subject: runId, kind: 'run', period: 'run' },
    ...both('session', sessionId),
    ...both('person', person),
    ...both('tenant', tenantId),
  ];
}

/** null: no cap. */
export function capOf(
  limits: Limits,
  { scope, kind }: Pick<Place, 'scope' | 'kind'>,
  unit: LimitUnit,
): number | null {
  if (scope === 'run') return limits.run[unit];
  return kind === 'run' ? null : limits[scope][`${unit}_per_${kind}`];
}

/** What is in force, and what the operator allows at most. */
export interface Caps {
  limits: Limits;
  ceilings: Limits;
}

/** Who can change the cap at a place. */
export const setterOf = ({ limits, ceilings }: Caps, place: Place, unit: LimitUnit): LimitSetter => {
  const ceiling = capOf(ceilings, place, unit);
  return ceiling !== null && ceiling === capOf(limits, place, unit) ? 'operator' : 'organisation';
};

export const hasCap = (limits: Limits, unit: LimitUnit): boolean =>
  limits.run[unit] !== null ||
  (['session', 'person', 'tenant'] as const).some(
    (scope) => limits[scope][`${unit}_per_day`] !== null || limits[scope][`${unit}_per_month`] !== null,
  );

/** The caps that there are at these places, and where they stand. */
export const standingsOf = (caps: Caps, totals: readonly Total[]): SpendStanding[] =>
  totals.flatMap((total) =>
    (['micro_usd', 'tokens'] as const).flatMap((unit) => {
      const cap = capOf(caps.limits, total, unit);
      if (cap === null) return [];
      const { scope, kind: period } = total;
      const [used, reserved] = [total[unit], total[`reserved_${unit}`]];
      return [{ scope, unit, period, cap, used, reserved, set_by: setterOf(caps, total, unit) }];
    }),
  );

/** The highest percentage of the cap that is reached and of which people are told; 0: none. */
export function reachedPercentage(used: number, cap: number): number {
  const reached = NOTICE_PERCENTAGES.filter((percentage) => used * 100 >= cap * percentage);
  return reached.at(-1) ?? 0;
}
