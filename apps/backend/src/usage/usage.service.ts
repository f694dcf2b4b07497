import { Inject, Injectable } from '@nestjs/common';
import type { TenantUsage } from '@saas-codex/contracts/usage';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../config.js';
import { TenantDatabase } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';

/** `float8`, since a bigint is returned as a string; it is exact up to 8 PB. */
const DISK = `
  SELECT (SELECT coalesce(sum(disk_bytes), 0) FROM sessions
           WHERE tenant_id = $1 AND deleted_at IS NULL)::float8 AS "workspaces",
         (SELECT coalesce(sum(bytes), 0) FROM mirror_usage WHERE tenant_id = $1)::float8 AS "mirrors",
         (SELECT coalesce(sum(bytes), 0) FROM session_images WHERE tenant_id = $1)::float8 AS "images",
         (SELECT max(measured_at) FROM mirror_usage WHERE tenant_id = $1) AS "measuredAt"`;
const SESSIONS = `
  SELECT count(*) FILTER (WHERE status <> 'archived')::int AS live,
         count(*) FILTER (WHERE status = 'archived')::int AS archived
    FROM sessions WHERE tenant_id = $1 AND deleted_at IS NULL`;
const RUNS = `
  SELECT count(*) FILTER (WHERE status = 'queued')::int AS queued,
         count(*) FILTER (WHERE status = 'running')::int AS running,
         count(*)::int AS total
    FROM runs WHERE tenant_id = $1`;
const SAVE_MIRRORS = `
  INSERT INTO mirror_usage (tenant_id, bytes, measured_at) VALUES ($1, $2, now())
  ON CONFLICT (tenant_id) DO UPDATE SET bytes = excluded.bytes, measured_at = excluded.measured_at`;

const GB = 1_000_000_000;
interface Disk {
  workspaces: number;
  mirrors: number;
  images: number;
  measuredAt: Date | null;
}

/** What each tenant uses, and whether it may use more. Retention does the measuring. */
@Injectable()
export class UsageService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly db: TenantDatabase,
  ) {}

  async read(ctx: RequestContext): Promise<TenantUsage> {
    const [disk, sessions, runs] = await Promise.all([
      this.disk(ctx),
      this.one<TenantUsage['sessions']>(ctx, SESSIONS),
      this.one<TenantUsage['runs']>(ctx, RUNS),
    ]);
    return {
      disk: {
        workspaces_bytes: disk.workspaces,
        mirrors_bytes: disk.mirrors,
        images_bytes: disk.images,
        quota_bytes: this.quota,
        measured_at: disk.measuredAt?.toISOString() ?? null,
      },
      sessions,
      runs,
    };
  }

  /** @throws ProblemError disk_quota_exceeded when the tenant already exceeds its disk quota */
  async refuseWhenFull(ctx: RequestContext): Promise<void> {
    if (this.quota === null) return;
    const used = usedBytes(await this.disk(ctx));
    if (used <= this.quota) return;
    throw new ProblemError(
      'disk_quota_exceeded',
      `Your organisation’s sessions use ${inGb(used)} of ${inGb(this.quota)}. Delete sessions that are no longer needed, or ` +
        'ask your operator for a larger quota (DISK_QUOTA_GB_PER_TENANT).',
    );
  }

  /** Whether tenants have a disk quota. */
  get isLimited(): boolean {
    return this.quota !== null;
  }

  /** Bytes that the tenant may still use. Infinity: there is no quota. */
  async bytesLeft(ctx: RequestContext): Promise<number> {
    if (this.quota === null) return Infinity;
    return Math.max(0, this.quota - usedBytes(await this.disk(ctx)));
  }

  /** Stores the measured size of the tenant's mirrors. */
  async saveMirrors({ tenantId }: RequestContext, bytes: number): Promise<void> {
    await this.db.run({ tenantId }, (tx) => tx.manager.query(SAVE_MIRRORS, [tenantId, bytes]));
  }

  private get quota(): number | null {
    const { DISK_QUOTA_GB_PER_TENANT: gigabytes } = this.config;
    return gigabytes === undefined ? null : Math.round(gigabytes * GB);
  }

  private disk(ctx: RequestContext): Promise<Disk> {
    return this.one<Disk>(ctx, DISK);
  }

  private async one<T>({ tenantId }: RequestContext, statement: string): Promise<T> {
    const rows = await this.db.run({ tenantId }, (tx) => tx.manager.query<T[]>(statement, [tenantId]));
    return rows[0] as T;
  }
}

const usedBytes = ({ workspaces, mirrors, images }: Disk) => workspaces + mirrors + images;

const inGb = (bytes: number) => `${(bytes / GB).toFixed(1)} GB`;
