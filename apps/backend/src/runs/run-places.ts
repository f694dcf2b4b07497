import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { SystemDatabase } from '../database/system-database.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunnerClient } from '../runner-client/runner-client.js';

/** How long an answer of the runners counts. */
const FRESH_MS = 5_000;
const OTHERS = `SELECT EXISTS (SELECT FROM tenants WHERE id <> $1) AS found`;

/**
 * How many runs of one tenant the runners may have at the same time.
 *
 *     the only tenant    MAX_RUNS_PER_TENANT
 *     one of several     and at most the places of all runners less RESERVED_RUN_PLACES, but at least one
 *
 * A run that has started keeps its place for as long as it takes. So a place for another tenant has to be free before that
 * tenant asks for it.
 */
@Injectable()
export class RunPlaces {
  private latest: { total: number; until: number } | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly system: SystemDatabase,
    private readonly runner: RunnerClient,
  ) {}

  /** @throws RunnerUnavailable, RunnerRefused */
  async shareOf({ tenantId }: RequestContext): Promise<number> {
    const { MAX_RUNS_PER_TENANT: most, RESERVED_RUN_PLACES: reserved } = this.config;
    if (reserved === 0 || !(await this.hasOthers(tenantId))) return most;
    return Math.min(most, Math.max(1, (await this.countPlaces()) - reserved));
  }

  private async hasOthers(tenantId: string): Promise<boolean> {
    const [row] = await this.system.query<{ found: boolean }>(OTHERS, [tenantId]);
    return row?.found ?? false;
  }

  private async countPlaces(): Promise<number> {
    if (this.latest && this.latest.until > Date.now()) return this.latest.total;
    const { total_concurrent_runs: total, max_concurrent_runs: ofOne } = await this.runner.system();
    this.latest = { total: total ?? ofOne, until: Date.now() + FRESH_MS };
    return this.latest.total;
  }
}
