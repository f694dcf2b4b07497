import { Inject, Injectable } from '@nestjs/common';
import type { ApiKeyPage, CreateApiKey, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { AUTH, type Auth } from '../identity/better-auth.js';
import { RoutePermissions } from '../identity/permissions.js';
import type { CallerContext } from '../identity/request-context.js';
import { ApiKeyStore, type KeyOwner } from './api-key-store.js';

const DAY_SECONDS = 24 * 60 * 60;

/** A person's own keys in the tenant of the request. better-auth makes them and keeps their hashes. */
@Injectable()
export class ApiKeysService {
  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly keys: ApiKeyStore,
    private readonly permissions: RoutePermissions,
  ) {}

  /** @throws ProblemError invalid_cursor */
  list(ctx: CallerContext, query: PageQuery): Promise<ApiKeyPage> {
    return this.keys.list(ownerOf(ctx), query);
  }

  /** @throws ProblemError forbidden: for a key, or for scopes that the person does not have */
  async create(
    ctx: CallerContext,
    { name, scopes, expires_in_days: days }: CreateApiKey,
  ): Promise<CreatedApiKey> {
    if (ctx.actor.kind !== 'person') {
      throw new ProblemError('forbidden', 'A key cannot make keys. Do it in the browser, in Settings.');
    }
    const allowed = this.permissions.of(ctx.actor);
    const beyond = scopes?.filter((scope) => !allowed.has(scope)) ?? [];
    if (beyond.length > 0) {
      throw new ProblemError(
        'forbidden',
        `Your role does not allow ${beyond.join(', ')}, so a key of yours cannot.`,
      );
    }
    const owner = ownerOf(ctx);
    const { idempotentId: requestId } = ctx;
    if (requestId !== undefined) await this.keys.revokeUnseen(owner, requestId);
    const { id, key } = await this.auth.api.createApiKey({
      body: {
        name,
        userId: owner.userId,
        metadata: { tenantId: owner.tenantId, ...(requestId !== undefined && { requestId }) },
        ...(scopes && { permissions: { scopes } }),
        ...(days !== null && { expiresIn: days * DAY_SECONDS }),
      },
    });
    const made = await this.keys.find(owner, id);
    if (!made) throw new Error('The key is gone that was just made.');
    return { ...made, key };
  }

  /** Its requests are refused at once, and its streams end within 5 s. @throws ProblemError api_key_not_found */
  async revoke(ctx: CallerContext, id: string): Promise<void> {
    if (await this.keys.revoke(ownerOf(ctx), id)) return;
    throw new ProblemError('api_key_not_found', 'It was revoked already, or is not yours.');
  }
}

const ownerOf = ({ tenantId, actor: { userId } }: CallerContext): KeyOwner => ({ tenantId, userId });
