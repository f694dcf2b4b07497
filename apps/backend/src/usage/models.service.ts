import { Injectable } from '@nestjs/common';
import type { Models, UpdateModels } from '@saas-codex/contracts/models';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { TenantTransaction } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import { PRICE_LIST, PRICE_LIST_DATE } from './price-list.js';
import { isAllowed, priceOf, type SpendRules, SpendRulesStore } from './spend-rules.js';

@Injectable()
export class ModelsService {
  constructor(private readonly rules: SpendRulesStore) {}

  async list(ctx: RequestContext): Promise<Models> {
    return toModels(await this.rules.read(ctx));
  }

  async update(ctx: RequestContext, change: UpdateModels): Promise<Models> {
    return toModels(await this.rules.updateModels(ctx, change));
  }

  /** @param model null: Codex's default, which the model proxy checks @throws ProblemError model_not_allowed */
  async requireAllowed(ctx: RequestContext, model: string | null): Promise<void> {
    if (model !== null) requireAllowed(await this.rules.read(ctx), model);
  }

  /** The same in a transaction that is open already. */
  async requireAllowedIn(tx: TenantTransaction, model: string | null): Promise<void> {
    if (model !== null) requireAllowed(await this.rules.readIn(tx), model);
  }
}

function requireAllowed(rules: SpendRules, model: string): void {
  if (isAllowed(rules, model)) return;
  const allowed = rules.allowedModels?.join(', ');
  throw new ProblemError(
    'model_not_allowed',
    `Your organisation allows only these models: ${allowed}. Choose one of them, or ask an admin.`,
  );
}

function toModels(rules: SpendRules): Models {
  const names = new Set([
    ...PRICE_LIST.keys(),
    ...Object.keys(rules.ownPrices),
    ...(rules.allowedModels ?? []),
  ]);
  return {
    allowed: rules.allowedModels,
    items: [...names].map((model) => {
      const price = priceOf(rules, model);
      const isOwn = Object.hasOwn(rules.ownPrices, model);
      return {
        model,
        allowed: isAllowed(rules, model),
        price,
        price_source: price === null ? null : isOwn ? 'organisation' : 'price_list',
      };
    }),
    price_list_date: PRICE_LIST_DATE,
  };
}
