import { Injectable } from '@nestjs/common';
import type { Spent, SpentReport, UsageQuery } from '@saas-codex/contracts/usage';
import { csvLine } from '../api/csv.js';
import { TenantDatabase } from '../database/tenant-database.js';
import { actorId } from '../identity/actor.js';
import type { CallerContext } from '../identity/request-context.js';
import { RoutePermissions } from '../identity/permissions.js';

interface Period {
  from: string;
  to: string;
}

/** A line of the ledger, added up: one person's calls of one model on one repository on one day. */
export interface SpentRow extends Spent {
  day: string;
  user_id: string;
  repo_url: string | null;
  model: string;
}

const DAYS = 30;
const NUMBERS = [
  'calls',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'reasoning_output_tokens',
  'tokens',
  'micro_usd',
] as const satisfies (keyof Spent)[];

const ROWS = `
  SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, person AS user_id, model,
         CASE WHEN private_to IS NULL OR private_to = $5 THEN repo_url END AS repo_url,
         count(*)::int AS calls, sum(input_tokens)::float8 AS input_tokens,
         sum(cached_input_tokens)::float8 AS cached_input_tokens, sum(output_tokens)::float8 AS output_tokens,
         sum(reasoning_output_tokens)::float8 AS reasoning_output_tokens, sum(tokens)::float8 AS tokens,
         sum(micro_usd)::float8 AS micro_usd
    FROM model_calls
   WHERE tenant_id = $1 AND state IN ('settled', 'assumed') AND ($4::text IS NULL OR person = $4)
     AND created_at >= $2::date::timestamp AT TIME ZONE 'UTC'
     AND created_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'
   GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;

/**
 * Reads the ledger for people. What others have spent is for those who may manage limits, and the repository of a private session
 * for its owner.
 */
@Injectable()
export class SpentReports {
  constructor(
    private readonly db: TenantDatabase,
    private readonly permissions: RoutePermissions,
  ) {}

  async read(ctx: CallerContext, query: UsageQuery): Promise<SpentReport> {
    const period = periodOf(query);
    const rows = await this.rowsIn(ctx, period);
    return {
      ...period,
      of: this.seesEveryone(ctx) ? 'everyone' : 'yourself',
      total: sumOf(rows),
      by_day: grouped(rows, ({ day }) => day).map(([[{ day }], all]) => ({ day, ...all })),
      by_person: bySpending(grouped(rows, (row) => row.user_id)).map(([[{ user_id }], all]) => ({
        user_id,
        ...all,
      })),
      by_repository: bySpending(grouped(rows, (row) => row.repo_url)).map(([[{ repo_url }], all]) => ({
        repo_url,
        ...all,
      })),
      by_model: bySpending(grouped(rows, (row) => row.model)).map(([[{ model }], all]) => ({
        model,
        ...all,
      })),
    };
  }

  rows(ctx: CallerContext, query: UsageQuery): Promise<SpentRow[]> {
    return this.rowsIn(ctx, periodOf(query));
  }

  private rowsIn(ctx: CallerContext, { from, to }: Period): Promise<SpentRow[]> {
    const reader = actorId(ctx.actor);
    const only = this.seesEveryone(ctx) ? null : reader;
    return this.db.run(ctx, (tx) =>
      tx.manager.query<SpentRow[]>(ROWS, [ctx.tenantId, from, to, only, reader]),
    );
  }

  private seesEveryone({ actor }: CallerContext): boolean {
    return this.permissions.of(actor).has('limits:manage');
  }
}

function periodOf({ from, to = new Date().toISOString().slice(0, 10) }: UsageQuery): Period {
  const earlier = new Date(Date.parse(to) - (DAYS - 1) * 86_400_000).toISOString().slice(0, 10);
  return { from: from ?? earlier, to };
}

const sumOf = (rows: readonly Spent[]): Spent =>
  Object.fromEntries(
    NUMBERS.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)]),
  ) as unknown as Spent;

type Group = [rows: [SpentRow, ...SpentRow[]], all: Spent];

function grouped(rows: readonly SpentRow[], keyOf: (row: SpentRow) => string | null): Group[] {
  const groups = new Map<string | null, [SpentRow, ...SpentRow[]]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return [...groups.values()].map((group) => [group, sumOf(group)]);
}

const bySpending = (groups: Group[]): Group[] =>
  groups.toSorted(([, a], [, b]) => b.micro_usd - a.micro_usd || b.tokens - a.tokens);

const COLUMNS = ['day', 'user_id', 'repo_url', 'model', ...NUMBERS] as const;

export const toCsv = (rows: readonly SpentRow[]): string =>
  csvLine(COLUMNS) + rows.map((row) => csvLine(COLUMNS.map((column) => row[column]))).join('');
