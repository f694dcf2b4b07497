import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ApiKeyPage, CreateApiKey, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type {
  CreateServiceAccount,
  ServiceAccount,
  ServiceAccountPage,
  UpdateServiceAccount,
} from '@saas-codex/contracts/service-accounts';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { KeyOwner } from '../api-keys/api-key-store.js';
import { OwnedKeys } from '../api-keys/owned-keys.js';
import { RoutePermissions } from '../identity/permissions.js';
import { signedInPerson } from '../identity/person.js';
import type { CallerContext } from '../identity/request-context.js';
import { ServiceAccountStore } from './service-account-store.js';

/** Postgres: foreign_key_violation. */
const GONE = '23503';

/** The service accounts of the caller's tenant, and their keys. */
@Injectable()
export class ServiceAccountsService {
  constructor(
    private readonly accounts: ServiceAccountStore,
    private readonly keys: OwnedKeys,
    private readonly permissions: RoutePermissions,
  ) {}

  /** @throws ProblemError invalid_cursor */
  list(ctx: CallerContext, query: PageQuery): Promise<ServiceAccountPage> {
    return this.accounts.list(ctx, query);
  }

  /** @throws ProblemError forbidden: the role may do more than the caller */
  async create(ctx: CallerContext, body: CreateServiceAccount): Promise<ServiceAccount> {
    this.permissions.requireMayGive(ctx.actor, 'service_account', body.role);
    const id = ctx.idempotentId ?? randomUUID();
    await this.accounts.insert(ctx, id, body);
    return this.require(ctx, id);
  }

  /** @throws ProblemError service_account_not_found, forbidden: the role may do more than the caller */
  async update(ctx: CallerContext, id: string, body: UpdateServiceAccount): Promise<ServiceAccount> {
    if (body.role) this.permissions.requireMayGive(ctx.actor, 'service_account', body.role);
    const updated = await this.accounts.update(ctx, id, body);
    if (!updated) throw notFound();
    return updated;
  }

  /** Ends its streams and refuses its requests. @throws ProblemError service_account_not_found */
  async remove(ctx: CallerContext, id: string): Promise<void> {
    if (!(await this.accounts.remove(ctx, id))) throw notFound();
  }

  /** @throws ProblemError service_account_not_found, invalid_cursor */
  async listKeys(ctx: CallerContext, id: string, query: PageQuery): Promise<ApiKeyPage> {
    await this.require(ctx, id);
    return this.keys.list(ownerOf(ctx, id), query);
  }

  /**
   * Not for keys: one that leaks must not leave others behind.
   * @throws ProblemError person_required, service_account_not_found, forbidden: scopes that its role does not have
   */
  async createKey(ctx: CallerContext, id: string, body: CreateApiKey): Promise<CreatedApiKey> {
    signedInPerson(ctx.actor);
    const { role } = await this.require(ctx, id);
    const allowed = this.permissions.ofServiceAccount(role);
    const beyond = body.scopes?.filter((scope) => !allowed.has(scope)) ?? [];
    if (beyond.length > 0) {
      throw new ProblemError(
        'forbidden',
        `A service account with the role ${role} may not have ${beyond.join(', ')}.`,
      );
    }
    return this.keys.create(ownerOf(ctx, id), body, ctx.idempotentId).catch((error: unknown) => {
      // It was removed meanwhile.
      throw (error as { code?: string }).code === GONE ? notFound() : error;
    });
  }

  /** @throws ProblemError service_account_not_found, api_key_not_found */
  async revokeKey(ctx: CallerContext, id: string, keyId: string): Promise<void> {
    await this.require(ctx, id);
    await this.keys.revoke(ctx, ownerOf(ctx, id), keyId);
  }

  private async require(ctx: CallerContext, id: string) {
    const found = await this.accounts.find(ctx, id);
    if (!found) throw notFound();
    return found;
  }
}

const ownerOf = ({ tenantId }: CallerContext, id: string): KeyOwner => ({
  kind: 'service_account',
  principalId: id,
  tenantId,
});

const notFound = () =>
  new ProblemError('service_account_not_found', 'It was deleted, or belongs to another organisation.');
