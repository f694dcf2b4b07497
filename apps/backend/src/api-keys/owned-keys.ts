import { Inject, Injectable } from '@nestjs/common';
import type { ApiKeyPage, CreateApiKey, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { AUTH, type Auth, KEY_CONFIGS } from '../identity/better-auth.js';
import type { RequestContext } from '../identity/request-context.js';
import { ApiKeyStore, type KeyOwner } from './api-key-store.js';

const DAY_SECONDS = 24 * 60 * 60;

/** The keys of people and service accounts. better-auth makes them and keeps their hashes. */
@Injectable()
export class OwnedKeys {
  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly keys: ApiKeyStore,
  ) {}

  /** @throws ProblemError invalid_cursor */
  list(owner: KeyOwner, query: PageQuery): Promise<ApiKeyPage> {
    return this.keys.list(owner, query);
  }

  /** @param requestId of all attempts of the same request: the key of an earlier one, which nobody has seen, is revoked */
  async create(
    owner: KeyOwner,
    { name, scopes, expires_in_days: days }: CreateApiKey,
    requestId: string | undefined,
  ): Promise<CreatedApiKey> {
    if (requestId !== undefined) await this.keys.revokeUnseen(owner, requestId);
    const { id, key } = await this.auth.api.createApiKey({
      body: {
        configId: KEY_CONFIGS[owner.kind],
        name,
        userId: owner.principalId,
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
  async revoke(ctx: RequestContext, owner: KeyOwner, id: string): Promise<void> {
    if (await this.keys.revoke(ctx, owner, id)) return;
    const whose = owner.kind === 'person' ? 'yours' : "this service account's";
    throw new ProblemError('api_key_not_found', `It was revoked already, or is not ${whose}.`);
  }
}
