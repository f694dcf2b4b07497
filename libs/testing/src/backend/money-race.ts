import type { LimitsOverview } from '@saas-codex/contracts/limits';
import { MICRO_USD } from '@saas-codex/contracts/models';
import type { Run } from '@saas-codex/contracts/runs';
import { cachedOf } from '@saas-codex/scripted-model/model-server';
import { SystemDatabase } from '../../../../apps/backend/src/database/system-database.js';
import { waitFor } from '../wait-for.js';
import type { SessionsWorld } from './sessions-world.js';

/** For a world whose runs race for money: more runs at the same time than the money is enough for. */
export const RACE = {
  runs: 20,
  backend: { MAX_RUNS_PER_TENANT: '20', MODEL_MAX_OUTPUT_TOKENS: '6000' },
  runner: { MAX_CONCURRENT_RUNS: '10', LIMIT_WAIT_MINUTES: '5' },
};
/** Enough for some of their calls: each reserves about $0.20, and uses about half of it. */
const BUDGET = 1.5 * MICRO_USD;
/** More than the output of the scripted responses: two with a `huge` message and a call, and the last one. */
const MAX_OUTPUT = { huge: 5_200, last: 100 };
/** Of the model that Codex asks for, in micro-dollars per million tokens. */
const PRICE = { input: 2_500_000, cached_input: 100_000, output: 10_000_000 };

export interface Spent {
  cap: number;
  /** In micro-dollars: what the ledger counts, the reservations of calls under way included. */
  ledger: number;
  /** The same according to the totals that caps are compared with. */
  total: number;
  /** An upper bound of what the model server would bill, by its own record of requests. */
  billed: number;
}

export const sql = async <T>(world: SessionsWorld, statement: string): Promise<T[]> =>
  (await world.backend.app.get(SystemDatabase).pool.query(statement)).rows as T[];

const limits = async (world: SessionsWorld, tenant: object): Promise<LimitsOverview> =>
  (await world.call<LimitsOverview>('PATCH', '/api/limits', { tenant })).body;

export class MoneyRace {
  private readonly sessions: string[] = [];

  constructor(private readonly world: SessionsWorld) {}

  async prepare(): Promise<void> {
    for (let n = 0; n < RACE.runs; n++) this.sessions.push((await this.world.create({})).body.session_id);
    const { model } = this.world;
    const first = await this.world.prompt(this.sessions[0] ?? '', 'Note which model it is');
    await this.world.runIs(first.run_id, 'succeeded');
    const name = model.requests[0]?.model ?? '';
    await this.world.call('PATCH', '/api/models', { prices: { [name]: PRICE } });
  }

  /** Caps the tenant a little above what it has spent, and lets a run of every session loose. */
  async start(): Promise<{ cap: number; before: { ledger: number; requests: number }; runs: Run[] }> {
    const { ledger } = await this.inLedger();
    const cap = ledger + BUDGET;
    await limits(this.world, { micro_usd_per_day: cap });
    const before = { ledger, requests: this.world.model.requests.length };
    const runs = await Promise.all(this.sessions.map((id) => this.world.prompt(id, 'Spend it')));
    return { cap, before, runs };
  }

  raiseCap = (): Promise<LimitsOverview> => limits(this.world, { micro_usd_per_day: null });

  /** Waits until every run has ended, or waits at the cap and no other call is under way. */
  async settled(runs: readonly Run[]): Promise<void> {
    const stands = async ({ run_id }: Run) => {
      const types = (await this.world.log(run_id)).map(({ type }) => type as string);
      const at = types.lastIndexOf('limit.reached');
      return (
        /^run\.(succeeded|failed|interrupted)$/.test(types.at(-1) ?? '') ||
        (at >= 0 && at > types.lastIndexOf('limit.lifted'))
      );
    };
    await waitFor(
      async () => {
        const [row] = await sql<{ open: number }>(
          this.world,
          `SELECT count(*)::int AS open FROM model_calls WHERE state = 'reserved'`,
        );
        return row?.open === 0 && (await Promise.all(runs.map(stands))).every(Boolean);
      },
      { timeoutMs: 180_000, everyMs: 250, what: 'every run to end or to wait at the cap' },
    );
  }

  async spent(cap: number, before: { ledger: number; requests: number }): Promise<Spent> {
    const tokens = this.world.model.requests.slice(before.requests).map((request) => {
      const output = request.outputs.length < 2 ? MAX_OUTPUT.huge : MAX_OUTPUT.last;
      const cached = cachedOf(request);
      const fresh = request.inputTokens - cached;
      return fresh * PRICE.input + cached * PRICE.cached_input + output * PRICE.output;
    });
    const billed = tokens.reduce((sum, one) => sum + Math.ceil(one / MICRO_USD), before.ledger);
    return { cap, ...(await this.inLedger()), billed };
  }

  private async inLedger(): Promise<{ ledger: number; total: number }> {
    const [row] = await sql<{ ledger: number; total: number }>(
      this.world,
      `SELECT (SELECT coalesce(sum(CASE state WHEN 'reserved' THEN reserved_micro_usd ELSE micro_usd END), 0)
                 FROM model_calls)::float8 AS ledger,
              (SELECT coalesce(sum(micro_usd + reserved_micro_usd), 0)
                 FROM spend_totals WHERE scope = 'tenant' AND length(period) = 7)::float8 AS total`,
    );
    return row ?? { ledger: 0, total: 0 };
  }
}
