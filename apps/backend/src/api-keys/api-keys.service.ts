import { Injectable } from '@nestjs/common';
import type { ApiKeyPage, CreateApiKey, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RoutePermissions } from '../identity/permissions.js';
import { userIdOf } from '../identity/person.js';
import type { CallerContext } from '../identity/request-context.js';
import type { KeyOwner } from './api-key-store.js';
import { OwnedKeys } from './owned-keys.js';

/** A person's own keys in the tenant of the request. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: OwnedKeys,
    private readonly permissions: RoutePermissions,
  ) {}

  /** @throws ProblemError invalid_cursor */
  list(ctx: CallerContext, query: PageQuery): Promise<ApiKeyPage> {
    return this.keys.list(ownerOf(ctx), query);
  }

  /** @throws ProblemError forbidden: for a key, or for scopes that the person does not have */
  async create(ctx: CallerContext, body: CreateApiKey): Promise<CreatedApiKey> {
    if (ctx.actor.kind !== 'person') {
      throw new ProblemError('forbidden', 'A key cannot make keys. Do it in the browser, in Settings.');
    }
    const allowed = this.permissions.of(ctx.actor);
    const beyond = body.scopes?.filter((scope) => !allowed.has(scope)) ?? [];
    if (beyond.length > 0) {
      throw new ProblemError(
        'forbidden',
        `Your role does not allow ${beyond.join(', ')}, so a key of yours cannot.`,
      );
    }
    return this.keys.create(ownerOf(ctx), body, ctx.idempotentId);
  }

  /** @throws ProblemError api_key_not_found */
  revoke(ctx: CallerContext, id: string): Promise<void> {
    return this.keys.revoke(ctx, ownerOf(ctx), id);
  }
}

const ownerOf = ({ tenantId, actor }: CallerContext): KeyOwner => ({
  kind: 'person',
  principalId: userIdOf(actor),
  tenantId,
});
