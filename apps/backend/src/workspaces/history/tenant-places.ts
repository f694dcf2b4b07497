import { Injectable } from '@nestjs/common';
import pLimit, { type LimitFunction } from 'p-limit';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { WorkspaceLimits } from '../workspace-limits.js';

/**
 * Bounds what checkpoints and diffs take of this process, and shares it fairly between tenants.
 *
 *     of a tenant: at most 2 at once ──► of all tenants: at most 8 at once, first come, first served ──► git
 *
 * A tenant has at most two in the second queue, so however many it asks for, another tenant waits for two of them at most.
 */
@Injectable()
export class TenantPlaces {
  private readonly all: LimitFunction;
  private readonly tenants = new Map<string, LimitFunction>();

  constructor(private readonly limits: WorkspaceLimits) {
    this.all = pLimit(limits.historyPlaces);
  }

  /** Waits for a place of the tenant, and works there. */
  async withPlace<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    const limit = this.tenants.get(tenantId) ?? pLimit(this.limits.historyPlacesPerTenant);
    this.tenants.set(tenantId, limit);
    return limit(() => this.all(work));
  }

  /** As `withPlace`. @throws ProblemError rate_limited when too much of the tenant waits already */
  async withPlaceUnlessCrowded<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    const waiting = this.tenants.get(tenantId)?.pendingCount ?? 0;
    if (waiting < this.limits.historyWaiting) return this.withPlace(tenantId, work);
    throw new ProblemError(
      'rate_limited',
      'Your organisation is reading too many changes at once. Try again in a few seconds.',
    );
  }
}
