import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type { Tenant, TenantPage } from '@saas-codex/contracts/tenants';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../config.js';
import { LOCK, Locks } from '../database/locks.js';
import { actorId } from '../identity/actor.js';
import { userIdOf } from '../identity/person.js';
import type { CallerContext } from '../identity/request-context.js';
import { noteForAudit } from '../identity/request-origin.js';
import { MembersService } from '../members/members.service.js';
import { TenantReconciler } from './tenant-reconciler.js';
import { TenantStore, type TenantViewer } from './tenant-store.js';

/** The tenants of a person. Everything but listing, creating and choosing concerns the tenant of the request. */
@Injectable()
export class TenantsService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly locks: Locks,
    private readonly tenants: TenantStore,
    private readonly members: MembersService,
    private readonly reconciler: TenantReconciler,
  ) {}

  /** A key sees its own tenant only. @throws ProblemError invalid_cursor */
  list(ctx: CallerContext, query: PageQuery): Promise<TenantPage> {
    return this.tenants.list(viewerOf(ctx), query, ctx.actor.kind === 'person' ? null : ctx.tenantId);
  }

  /** @throws ProblemError tenant_limit */
  async create(ctx: CallerContext, name: string): Promise<Tenant> {
    const id = ctx.idempotentId ?? randomUUID();
    const ownerId = userIdOf(ctx.actor);
    const limit = this.config.MAX_TENANTS_PER_OWNER;
    // One after the other: those that are created at the same time do not count each other.
    await this.locks.withLock(LOCK.tenantsOf(ownerId), () =>
      this.tenants.insert(ctx, id, name, ownerId, limit),
    );
    const created = await this.tenants.find(viewerOf(ctx), id);
    if (created) return created;
    throw new ProblemError(
      'tenant_limit',
      `One person owns at most ${limit} here. Those that are deleted count until their data is removed. Leave one, or ask the operator for more.`,
    );
  }

  /** Checks that the caller may have requests for this tenant. @throws ProblemError tenant_not_found, forbidden: a key has one */
  async requireChoice(ctx: CallerContext, id: string): Promise<void> {
    if (ctx.actor.kind === 'person') await this.read(ctx, id);
    else if (id !== ctx.tenantId) throw notFound();
    else throw new ProblemError('forbidden', 'An API key belongs to one organisation and cannot switch.');
  }

  /** @throws ProblemError tenant_not_found */
  async rename(ctx: CallerContext, id: string, name: string): Promise<Tenant> {
    requireCurrent(ctx, id);
    const { name: before } = await this.read(ctx, id);
    noteForAudit(ctx, { changes: { name: { old: before, new: name } } });
    await this.tenants.rename(ctx, name);
    return this.read(ctx, id);
  }

  /**
   * Stops everything in the tenant. Its data stays until the grace period is over.
   * @throws ProblemError tenant_not_found, tenant_name_wrong, last_tenant
   */
  async remove(ctx: CallerContext, id: string, name: string): Promise<Tenant> {
    requireCurrent(ctx, id);
    const tenant = await this.read(ctx, id);
    if (tenant.name !== name) {
      throw new ProblemError('tenant_name_wrong', `Repeat its name exactly: ${tenant.name}`);
    }
    if (tenant.deletes_at === null && !(await this.tenants.markDeleted(ctx))) {
      throw new ProblemError(
        'last_tenant',
        'This installation needs one. Create another organisation first.',
      );
    }
    void this.reconciler.kick({ tenantId: id });
    return this.read(ctx, id);
  }

  /** @throws ProblemError tenant_not_found */
  async restore(ctx: CallerContext, id: string): Promise<Tenant> {
    requireCurrent(ctx, id);
    if (!(await this.tenants.restore(ctx))) throw notFound();
    return this.read(ctx, id);
  }

  /** @throws ProblemError tenant_not_found, last_owner */
  async leave(ctx: CallerContext, id: string): Promise<void> {
    requireCurrent(ctx, id);
    await this.members.leave(ctx);
  }

  private async read(ctx: CallerContext, id: string): Promise<Tenant> {
    const tenant = await this.tenants.find(viewerOf(ctx), id);
    if (!tenant) throw notFound();
    return tenant;
  }
}

const viewerOf = ({ tenantId, actor }: CallerContext): TenantViewer => ({
  id: actorId(actor),
  current: tenantId,
});

/** Roles differ from tenant to tenant, and the guard has checked the one in the request's own. */
function requireCurrent({ tenantId }: CallerContext, id: string): void {
  if (id !== tenantId) throw notFound();
}

const notFound = () =>
  new ProblemError('tenant_not_found', 'You do not belong to it, or your requests are for another one now.');
