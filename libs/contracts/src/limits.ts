import { z } from 'zod';
import { MICRO_USD } from './models.js';
import { openEnum } from './open-reading.js';

/*
 * What an organisation lets be used, at four places. Every model call counts at all four.
 *
 *     run ─► session ─► person who wrote the prompt ─► tenant
 *
 * Days and months are those of UTC. null: no limit. 0: nothing at all.
 */

export const LIMIT_SCOPES = ['run', 'session', 'person', 'tenant'] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];
export const LIMIT_UNITS = ['micro_usd', 'tokens'] as const;
export type LimitUnit = (typeof LIMIT_UNITS)[number];
/** run: from its first to its last model call. */
export const LIMIT_PERIODS = ['day', 'month', 'run'] as const;
export type LimitPeriod = (typeof LIMIT_PERIODS)[number];

/** A thousand million US dollars; Postgres and JavaScript count further. */
const MAX_AMOUNT = 1_000_000_000_000_000;
const amount = z.int().min(0).max(MAX_AMOUNT).nullable();
const count = z.int().min(0).max(100_000).nullable();

const spending = {
  micro_usd_per_day: amount,
  micro_usd_per_month: amount,
  tokens_per_day: amount,
  tokens_per_month: amount,
};
const everything = { ...spending, concurrent_runs: count, queued_runs: count };
const session = { ...spending, queued_runs: count };
const run = { micro_usd: amount, tokens: amount };

/** The limits of each run, each session, each person, and of the organisation as a whole. */
export const Limits = z
  .object({
    run: z.object(run),
    session: z.object(session),
    person: z.object(everything),
    tenant: z.object(everything),
  })
  .meta({ id: 'Limits' });
export type Limits = z.infer<typeof Limits>;

export const NO_LIMITS: Limits = {
  run: { micro_usd: null, tokens: null },
  session: {
    micro_usd_per_day: null,
    micro_usd_per_month: null,
    tokens_per_day: null,
    tokens_per_month: null,
    queued_runs: null,
  },
  person: {
    micro_usd_per_day: null,
    micro_usd_per_month: null,
    tokens_per_day: null,
    tokens_per_month: null,
    concurrent_runs: null,
    queued_runs: null,
  },
  tenant: {
    micro_usd_per_day: null,
    micro_usd_per_month: null,
    tokens_per_day: null,
    tokens_per_month: null,
    concurrent_runs: null,
    queued_runs: null,
  },
};

/**
 * @param entries each a scope and a field of it, such as `run.tokens=5000000`; money in US dollars: `tenant.usd_per_month=500`
 * @returns null when one of them is not a limit
 */
export function readLimits(entries: readonly string[]): Limits | null {
  let all: Limits = NO_LIMITS;
  for (const entry of entries) {
    const [, scope = '', name = '', value] = /^(\w+)\.(\w+)=(\d+(?:\.\d+)?)$/.exec(entry) ?? [];
    const field = name.replace(/^usd/, 'micro_usd');
    const present = Object.hasOwn(all, scope) ? all[scope as LimitScope] : undefined;
    if (present === undefined || !Object.hasOwn(present, field)) return null;
    const isMoney = field !== name;
    const set = isMoney ? Math.round(Number(value) * MICRO_USD) : Number(value);
    all = { ...all, [scope]: { ...present, [field]: set } };
  }
  return Limits.safeParse(all).data ?? null;
}

const lower = (cap: number | null, ceiling: number | null): number | null =>
  cap === null || ceiling === null ? (cap ?? ceiling) : Math.min(cap, ceiling);

type Field = [scope: LimitScope, field: string, value: number | null];
const fieldsOf = (limits: UpdateLimits): Field[] =>
  LIMIT_SCOPES.flatMap((scope) =>
    Object.entries(limits[scope] ?? {}).map(([field, value]): Field => [scope, field, value ?? null]),
  );
const valueAt = (limits: Limits, scope: LimitScope, field: string): number | null =>
  (limits[scope] as Record<string, number | null>)[field] ?? null;

/** The limits that are in force where there are ceilings: of each pair the lower one. */
export const belowCeilings = (limits: Limits, ceilings: Limits): Limits =>
  Object.fromEntries(
    LIMIT_SCOPES.map((scope) => [
      scope,
      Object.fromEntries(
        Object.keys(NO_LIMITS[scope]).map((field) => [
          field,
          lower(valueAt(limits, scope, field), valueAt(ceilings, scope, field)),
        ]),
      ),
    ]),
  ) as Limits;

/** The first ceiling that a change would pass, for a person: `$500.00 a month for the organisation`. null: none. */
export function ceilingPassed(change: UpdateLimits, ceilings: Limits): string | null {
  for (const [scope, field, value] of fieldsOf(change)) {
    const ceiling = valueAt(ceilings, scope, field);
    if (value !== null && ceiling !== null && value > ceiling) return describeField(scope, field, ceiling);
  }
  return null;
}

/** Who can change what is in force. */
export const LIMIT_SETTERS = ['organisation', 'operator'] as const;
export type LimitSetter = (typeof LIMIT_SETTERS)[number];
export const LimitSetBy = openEnum(LIMIT_SETTERS)
  .optional()
  .describe(
    'operator: the setting MAX_LIMITS of the installation, which nobody in the organisation can raise',
  );

/** Body of `PATCH /api/limits`. What is left out stays as it is; null removes a limit. */
export const UpdateLimits = z
  .strictObject({
    run: z.strictObject(run).partial().optional(),
    session: z.strictObject(session).partial().optional(),
    person: z.strictObject(everything).partial().optional(),
    tenant: z.strictObject(everything).partial().optional(),
  })
  .meta({
    id: 'UpdateLimits',
    examples: [{ tenant: { micro_usd_per_month: 500_000_000 }, run: { tokens: 5_000_000 } }],
  });
export type UpdateLimits = z.infer<typeof UpdateLimits>;

/** A cap of tokens or money, and how much of it is used. */
export const SpendStanding = z
  .object({
    scope: openEnum(LIMIT_SCOPES),
    unit: openEnum(LIMIT_UNITS),
    period: openEnum(LIMIT_PERIODS),
    cap: z.int(),
    used: z.int().describe('What model calls have used that have ended'),
    reserved: z.int().describe('What those that are under way may use at most'),
    set_by: LimitSetBy,
  })
  .meta({ id: 'SpendStanding' });
export type SpendStanding = z.infer<typeof SpendStanding>;

/** Answer of `GET /api/limits`. */
export const LimitsOverview = z
  .object({
    limits: Limits.describe('What is in force'),
    defaults: Limits.describe('What is in force where an admin has set nothing: the setting DEFAULT_LIMITS'),
    ceilings: Limits.optional().describe(
      'What the operator of the installation allows at most: the setting MAX_LIMITS. null: no ceiling',
    ),
    standings: z
      .array(SpendStanding)
      .describe("The organisation's own caps of tokens and money, and those that apply to you"),
    disk: z.object({
      used_bytes: z.int(),
      quota_bytes: z.int().nullable().describe('The setting DISK_QUOTA_GB_PER_TENANT; null: no limit'),
    }),
  })
  .meta({ id: 'LimitsOverview' });
export type LimitsOverview = z.infer<typeof LimitsOverview>;

const SCOPE_WORDS: Record<LimitScope, string> = {
  run: 'for one run',
  session: 'for one session',
  person: 'for one person',
  tenant: 'for the organisation',
};
const PERIOD_WORDS: Record<LimitPeriod, string> = { day: ' a day', month: ' a month', run: '' };

/** An amount for a person: `$12.50`, `1,200,000 tokens`. */
export function formatAmount(amount: number, unit: string): string {
  const digits = (value: number, fraction: number) =>
    value.toLocaleString('en-US', { minimumFractionDigits: fraction, maximumFractionDigits: fraction });
  return unit === 'micro_usd' ? `$${digits(amount / MICRO_USD, 2)}` : `${digits(amount, 0)} tokens`;
}

const RUN_WORDS: Record<string, string> = {
  concurrent_runs: ' runs at the same time',
  queued_runs: ' runs in the queue',
};

function describeField(scope: LimitScope, field: string, value: number): string {
  const [, unit = '', period = 'run'] = /^(micro_usd|tokens)(?:_per_(day|month))?$/.exec(field) ?? [];
  const amount = RUN_WORDS[field]
    ? `${value}${RUN_WORDS[field]}`
    : `${formatAmount(value, unit)}${PERIOD_WORDS[period as LimitPeriod]}`;
  return `${amount} ${SCOPE_WORDS[scope]}`;
}

/** A cap for a person: `the limit of $5.00 a day for one person`. */
export const describeLimit = ({
  scope,
  unit,
  period,
  cap,
}: Pick<SpendStanding, 'scope' | 'unit' | 'period' | 'cap'>) =>
  `the limit of ${formatAmount(cap, unit)}${PERIOD_WORDS[period as LimitPeriod] ?? ''} ${SCOPE_WORDS[scope as LimitScope] ?? ''}`.trim();

/** At these percentages of a cap the people concerned are told. */
export const NOTICE_PERCENTAGES = [80, 90, 100] as const;
