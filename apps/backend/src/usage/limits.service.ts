import { Injectable } from '@nestjs/common';
import type { LimitsOverview, UpdateLimits } from '@saas-codex/contracts/limits';
import { TenantDatabase } from '../database/tenant-database.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { placesOf, standingsOf } from './caps.js';
import { SpendRulesStore } from './spend-rules.js';
import { readTotals } from './spend-totals.js';
import { UsageService } from './usage.service.js';

const TODAY = `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day`;
/** The places of a caller that are nobody's run or session. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

@Injectable()
export class LimitsService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly rules: SpendRulesStore,
    private readonly usage: UsageService,
  ) {}

  async read(ctx: RequestContext): Promise<LimitsOverview> {
    const { tenantId } = ctx;
    const [{ rules, totals }, { disk }] = await Promise.all([
      this.db.run(ctx, async (tx) => {
        const [now] = await tx.manager.query<[{ day: string }]>(TODAY);
        const spender = { tenantId, person: actorId(ctx.actor), runId: NO_ID, sessionId: NO_ID };
        const own = placesOf(spender, now.day).filter(
          ({ scope }) => scope === 'person' || scope === 'tenant',
        );
        const rules = await this.rules.readIn(tx);
        return { rules, totals: await readTotals(tx, own) };
      }),
      this.usage.read(ctx),
    ]);
    return {
      limits: rules.limits,
      defaults: this.rules.defaults,
      ceilings: rules.ceilings,
      standings: standingsOf(rules, totals),
      disk: {
        used_bytes: disk.workspaces_bytes + disk.mirrors_bytes + (disk.images_bytes ?? 0),
        quota_bytes: disk.quota_bytes,
      },
    };
  }

  /** @throws ProblemError limit_above_ceiling */
  async update(ctx: RequestContext, change: UpdateLimits): Promise<LimitsOverview> {
    await this.rules.updateLimits(ctx, change);
    return this.read(ctx);
  }
}
