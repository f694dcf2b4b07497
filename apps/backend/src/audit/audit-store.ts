import { Injectable } from '@nestjs/common';
import {
  AUDIT_EXPORT_LIMIT,
  type AuditEntry,
  type AuditFilters,
  type AuditPage,
  type AuditQuery,
} from '@saas-codex/contracts/audit';
import { Timestamp } from '@saas-codex/contracts/pagination';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { z } from 'zod';
import { decodeCursor, toPage } from '../database/cursor.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { AuditEntryEntity, toAuditEntry } from './audit-entry.entity.js';

/** Entries that an export reads at once. */
const EXPORT_PAGE = 500;

/** Sort key of the list: time, then id. */
const AuditCursor = z.tuple([Timestamp, z.uuid()]);
type Key = z.infer<typeof AuditCursor>;

/** Reads the audit log of a tenant. */
@Injectable()
export class AuditStore {
  constructor(private readonly db: TenantDatabase) {}

  /** Newest first. @throws ProblemError invalid_cursor */
  async list(scope: TenantScope, query: AuditQuery): Promise<AuditPage> {
    const after = decodeCursor(query.cursor, AuditCursor);
    const rows = await this.read(scope, query, after, query.limit + 1);
    return toPage(rows, query.limit, keyOf, toAuditEntry);
  }

  /**
   * Every entry that the filters leave, newest first. What is added meanwhile is not among them.
   * @throws ProblemError download_too_large, before the first one
   */
  async export(scope: TenantScope, filters: AuditFilters): Promise<AsyncGenerator<AuditEntry[]>> {
    const found = await this.db.run(scope, (tx) =>
      matching(tx, filters)
        .select('entry.id')
        .limit(AUDIT_EXPORT_LIMIT + 1)
        .getRawMany(),
    );
    if (found.length > AUDIT_EXPORT_LIMIT) {
      throw new ProblemError(
        'download_too_large',
        `An export has at most ${AUDIT_EXPORT_LIMIT} entries. Narrow it with \`from\` and \`to\`.`,
      );
    }
    return this.pages(scope, filters);
  }

  private async *pages(scope: TenantScope, filters: AuditFilters): AsyncGenerator<AuditEntry[]> {
    let after: Key | undefined;
    for (;;) {
      const rows = await this.read(scope, filters, after, EXPORT_PAGE);
      if (rows.length > 0) yield rows.map(toAuditEntry);
      const last = rows.at(-1);
      if (!last || rows.length < EXPORT_PAGE) return;
      after = keyOf(last);
    }
  }

  private read(scope: TenantScope, filters: AuditFilters, after: Key | undefined, limit: number) {
    return this.db.run(scope, (tx) => {
      const select = matching(tx, filters);
      if (after) select.andWhere('(entry.at, entry.id) < (:at, :id)', { at: after[0], id: after[1] });
      return select.orderBy('entry.at', 'DESC').addOrderBy('entry.id', 'DESC').take(limit).getMany();
    });
  }
}

const keyOf = ({ at, id }: AuditEntryEntity): Key => [at.toISOString(), id];

function matching(tx: TenantTransaction, { actor, action, outcome, target, from, to }: AuditFilters) {
  const select = tx.of(AuditEntryEntity).select('entry');
  if (actor !== undefined) select.andWhere('entry.actorId = :actor', { actor });
  // `member` stands for all of `member.…`. A dot cannot be in it, so it needs no escaping but for the underscore.
  if (action?.includes('.')) select.andWhere('entry.action = :action', { action });
  else if (action !== undefined) select.andWhere('starts_with(entry.action, :kind)', { kind: `${action}.` });
  if (outcome !== undefined) select.andWhere('entry.outcome = :outcome', { outcome });
  if (target !== undefined) select.andWhere('entry.targetId = :target', { target });
  if (from !== undefined) select.andWhere('entry.at >= :from', { from });
  if (to !== undefined) select.andWhere('entry.at < :to', { to });
  return select;
}
