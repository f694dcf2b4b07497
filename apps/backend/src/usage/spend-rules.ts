import { Inject, Injectable } from '@nestjs/common';
import type { AuditChanges } from '@saas-codex/contracts/audit';
import {
  belowCeilings,
  ceilingPassed,
  type Limits,
  NO_LIMITS,
  readLimits,
  type UpdateLimits,
} from '@saas-codex/contracts/limits';
import type { ModelPrice, UpdateModels } from '@saas-codex/contracts/models';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RequestAudit } from '../audit/request-audit.js';
import { CONFIG, type Config } from '../config.js';
import { LOCK, lockInTransaction } from '../database/locks.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import type { Caps } from './caps.js';
import { PRICE_LIST } from './price-list.js';
import { forgetNotices } from './spend-totals.js';

/** What an organisation's admins have set, and the defaults where they have not. */
export interface SpendRules extends Caps {
  /** The only models that may be used; null: every model. */
  allowedModels: string[] | null;
  /** Prices that admins have set, by model. */
  ownPrices: Record<string, ModelPrice>;
}

interface Row {
  limits: Partial<{ [S in keyof Limits]: Partial<Limits[S]> }>;
  allowedModels: string[] | null;
  prices: Record<string, ModelPrice>;
}

const READ = `
  SELECT limits, allowed_models AS "allowedModels", model_prices AS prices FROM spend_rules WHERE tenant_id = $1`;
const ENSURE = `
  INSERT INTO spend_rules (tenant_id, updated_by, updated_at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING`;
const SAVE = `
  UPDATE spend_rules SET limits = $2, allowed_models = $3, model_prices = $4, updated_by = $5, updated_at = now()
   WHERE tenant_id = $1`;

@Injectable()
export class SpendRulesStore {
  readonly defaults: Limits;
  /** No organisation passes them. */
  readonly ceilings: Limits;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly db: TenantDatabase,
    private readonly audit: RequestAudit,
  ) {
    this.ceilings = readLimits(config.MAX_LIMITS) ?? NO_LIMITS;
    this.defaults = belowCeilings(readLimits(config.DEFAULT_LIMITS) ?? NO_LIMITS, this.ceilings);
  }

  read({ tenantId }: Pick<RequestContext, 'tenantId'>): Promise<SpendRules> {
    return this.db.run({ tenantId }, (tx) => this.readIn(tx));
  }

  async readIn(tx: TenantTransaction): Promise<SpendRules> {
    const [row] = await tx.manager.query<Row[]>(READ, [tx.scope.tenantId]);
    return this.toRules(row);
  }

  /** @throws ProblemError limit_above_ceiling */
  updateLimits(ctx: RequestContext, change: UpdateLimits): Promise<SpendRules> {
    const ceiling = ceilingPassed(change, this.ceilings);
    if (ceiling !== null) {
      throw new ProblemError(
        'limit_above_ceiling',
        `The operator of this installation allows at most ${ceiling} (MAX_LIMITS). Choose that or less.`,
      );
    }
    return this.update(ctx, forgetNotices, (row) => ({
      row: {
        ...row,
        limits: {
          run: { ...row.limits.run, ...change.run },
          session: { ...row.limits.session, ...change.session },
          person: { ...row.limits.person, ...change.person },
          tenant: { ...row.limits.tenant, ...change.tenant },
        },
      },
      changes: changesIn(this.toRules(row).limits, change),
    }));
  }

  updateModels(ctx: RequestContext, { allowed, prices = {} }: UpdateModels): Promise<SpendRules> {
    return this.update(ctx, nothing, (row) => ({
      row: {
        ...row,
        allowedModels: allowed === undefined ? row.allowedModels : allowed,
        prices: Object.fromEntries(
          Object.entries({ ...row.prices, ...prices }).flatMap(([model, price]) =>
            price === null ? [] : [[model, price]],
          ),
        ),
      },
      changes: {
        ...(allowed !== undefined && { allowed: { old: row.allowedModels, new: allowed } }),
        ...(Object.keys(prices).length > 0 && {
          prices: { old: pick(row.prices, Object.keys(prices)), new: prices },
        }),
      },
    }));
  }

  /** Under the lock of the ledger, so that a call is reserved by the rules before or after, and never by both; with its audit entry. */
  private update(
    ctx: RequestContext,
    also: (tx: TenantTransaction) => Promise<void>,
    changed: (row: Row) => { row: Row; changes: AuditChanges },
  ): Promise<SpendRules> {
    return this.db.run(ctx, async (tx) => {
      const { tenantId } = ctx;
      await lockInTransaction(tx.manager, LOCK.tenantSpend(tenantId));
      await also(tx);
      const actor = actorId(ctx.actor);
      await tx.manager.query(ENSURE, [tenantId, actor]);
      const [before] = await tx.manager.query<[Row]>(READ, [tenantId]);
      const { row, changes } = changed(before);
      const json = [row.limits, row.allowedModels, row.prices].map((part) => part && JSON.stringify(part));
      await tx.manager.query(SAVE, [tenantId, ...json, actor]);
      await this.audit.recordIn(tx, ctx, { changes });
      return this.toRules(row);
    });
  }

  private toRules(row: Row | undefined): SpendRules {
    const { defaults, ceilings } = this;
    const own = {
      run: { ...defaults.run, ...row?.limits.run },
      session: { ...defaults.session, ...row?.limits.session },
      person: { ...defaults.person, ...row?.limits.person },
      tenant: { ...defaults.tenant, ...row?.limits.tenant },
    };
    return {
      // Also where the ceiling is lower than what was saved before.
      limits: belowCeilings(own, ceilings),
      ceilings,
      allowedModels: row?.allowedModels ?? null,
      ownPrices: row?.prices ?? {},
    };
  }
}

const nothing = async () => undefined;

const pick = (values: object, names: readonly string[]) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));

/** Of each place the limits that are changed, as they were and as they become. */
const changesIn = (limits: Limits, change: UpdateLimits): AuditChanges =>
  Object.fromEntries(
    Object.entries(change).map(([scope, values]) => [
      scope,
      { old: pick(limits[scope as keyof Limits], Object.keys(values)), new: values },
    ]),
  );

/** null: not known. */
export const priceOf = ({ ownPrices }: SpendRules, model: string): ModelPrice | null =>
  (Object.hasOwn(ownPrices, model) ? ownPrices[model] : undefined) ?? PRICE_LIST.get(model) ?? null;

export const isAllowed = ({ allowedModels }: SpendRules, model: string): boolean =>
  allowedModels?.includes(model) ?? true;
