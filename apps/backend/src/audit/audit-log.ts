import { Injectable, Logger } from '@nestjs/common';
import type {
  AuditActorKind,
  AuditChanges,
  AuditCredentialKind,
  AuditTargetKind,
} from '@saas-codex/contracts/audit';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { v7 as uuidV7 } from 'uuid';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import type { RequestOrigin } from '../identity/request-origin.js';
import { AuditEntryEntity, toAuditEntry } from './audit-entry.entity.js';
import { AuditStream } from './audit-stream.js';
import { auditChanges, auditText } from './audit-values.js';

export interface AuditTarget {
  kind: AuditTargetKind;
  id: string | null;
  name?: string | null;
}

/** Who did it: the caller of a request, a part of the system, or somebody who is only known by a link. */
export interface AuditActor {
  kind: AuditActorKind;
  id: string | null;
  name?: string | null;
}

export interface AuditCredential {
  kind: AuditCredentialKind;
  id?: string | null;
  name?: string | null;
}

/** An entry before it is written. */
export interface NewAuditEntry extends TenantScope {
  action: string;
  /** Why it was refused. Without it, it was done. */
  problem?: ProblemCode;
  /** How often; default: once. */
  count?: number;
  actor: AuditActor;
  credential?: AuditCredential | null;
  origin?: RequestOrigin | undefined;
  target?: AuditTarget | null;
  /** Old and new values of named fields. Never a secret. */
  changes?: AuditChanges;
}

/**
 * Adds entries to the audit log. Four ways lead here:
 *
 *     a change of an operation in AUDIT_OPERATIONS ──► `RequestAudit.recordIn` or `AuditedChanges`, in its transaction
 *     what better-auth changes, which has no transaction: sign-ins, accounts, new keys ──► AuditInterceptor, right after it
 *     what is refused, or may be repeated without end ──► CountedEntries: one entry for all in a minute
 *     anything else, work of the system for example ──► `record`, in the transaction of the change, or `recordNow`
 *
 * Services add notes (`noteForAudit`).
 */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger(AuditLog.name);

  constructor(
    private readonly db: TenantDatabase,
    private readonly stream: AuditStream,
  ) {}

  /** For a transaction that changes something. */
  async record(tx: TenantTransaction, entry: NewAuditEntry): Promise<void> {
    if (tx.scope.tenantId !== entry.tenantId) throw new Error('An audit entry is for another tenant.');
    const row = await tx.of(AuditEntryEntity).insert(toRow(entry));
    tx.afterCommit(() => this.stream.publish(entry.tenantId, toAuditEntry(row)));
  }

  /**
   * For what has happened already. It never fails: what is done is done, and the answer to it stays. An entry that cannot be
   * written goes to the log of the process.
   */
  async recordNow(entry: NewAuditEntry): Promise<void> {
    try {
      await this.db.run(entry, (tx) => this.record(tx, entry));
    } catch (error) {
      const row = toRow(entry);
      this.logger.error({
        message: `An audit entry could not be written: ${String(error)}`,
        audit: { tenantId: entry.tenantId, ...row },
      });
    }
  }
}

/** Who acts in this context, and with what. */
export function auditActorOf(
  { actor }: Pick<RequestContext, 'actor'>,
  names: { actor: string | null; key: string | null },
): { actor: AuditActor; credential: AuditCredential | null } {
  if (actor.kind === 'share_link')
    return {
      actor: { kind: 'visitor', id: null },
      credential: { kind: 'share_link', id: actor.shareLinkId },
    };
  const kind = actor.kind === 'api_key' ? 'person' : actor.kind;
  return {
    actor: { kind, id: actorId(actor), name: names.actor },
    credential:
      'keyId' in actor
        ? { kind: 'api_key', id: actor.keyId, name: names.key }
        : actor.kind === 'person'
          ? { kind: 'cookie', id: actor.signInId }
          : null,
  };
}

/** For work of the system. */
export const systemEntry = (ctx: RequestContext, action: string, target: AuditTarget): NewAuditEntry => ({
  tenantId: ctx.tenantId,
  action,
  ...auditActorOf(ctx, { actor: null, key: null }),
  target,
});

const textOrNull = (text: string | null | undefined): string | null =>
  text === undefined || text === null ? null : auditText(text);

function toRow(entry: NewAuditEntry): Omit<AuditEntryEntity, 'tenantId'> {
  const { action, problem, count = 1, actor, credential, origin, target, changes } = entry;
  return {
    id: uuidV7(),
    at: new Date(),
    action,
    outcome: problem === undefined ? 'done' : 'refused',
    problem: problem ?? null,
    count,
    actorKind: actor.kind,
    actorId: actor.id,
    actorName: textOrNull(actor.name),
    credentialKind: credential?.kind ?? null,
    credentialId: credential?.id ?? null,
    credentialName: textOrNull(credential?.name),
    address: textOrNull(origin?.address),
    userAgent: textOrNull(origin?.userAgent),
    requestId: textOrNull(origin?.requestId),
    targetKind: target?.kind ?? null,
    targetId: textOrNull(target?.id),
    targetName: textOrNull(target?.name),
    changes: auditChanges(changes),
  };
}
