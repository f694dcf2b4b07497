import { Injectable, Logger } from '@nestjs/common';
import type { AuditChanges } from '@saas-codex/contracts/audit';
import type { AuditRule } from '@saas-codex/contracts/audit-operations';
import type { TenantTransaction } from '../database/tenant-database.js';
import type { CallerContext, RequestContext } from '../identity/request-context.js';
import { type AuditNotes, noteForAudit, type RequestOrigin } from '../identity/request-origin.js';
import { actorId } from '../identity/actor.js';
import { auditActorOf, AuditLog, type AuditTarget, type NewAuditEntry } from './audit-log.js';
import { AuditNames, type AuditNamesOf, type AuditPerson } from './audit-names.js';
import { hiddenValues, newValues } from './audit-values.js';

/** A request that is being handled and will leave an entry. */
interface Pending {
  rule: AuditRule;
  /** Parameters of its path. */
  params: Record<string, unknown>;
  body: unknown;
  names: Promise<AuditNamesOf>;
  recorded: boolean;
}

const NO_NAMES: AuditNamesOf = { actor: null, key: null, target: null };

/** Makes the entry of a request from its row in AUDIT_OPERATIONS, its path, its body, its answer and what services have noted. */
@Injectable()
export class RequestAudit {
  private readonly logger = new Logger(RequestAudit.name);
  private readonly pending = new WeakMap<RequestOrigin, Pending>();

  constructor(
    private readonly log: AuditLog,
    private readonly names: AuditNames,
  ) {}

  /**
   * Before the operation. A target that is there already is looked up now, as its name may be gone afterwards.
   * @param ctx undefined on a public route
   */
  async begin(
    ctx: CallerContext | undefined,
    origin: RequestOrigin,
    request: Pick<Pending, 'rule' | 'params' | 'body'>,
  ): Promise<void> {
    const { rule, params } = request;
    const targetId = textOf(rule.id === undefined ? undefined : params[rule.id]);
    const names = ctx ? this.namesOf(ctx, { kind: rule.target, id: targetId }) : Promise.resolve(NO_NAMES);
    this.pending.set(origin, { ...request, names, recorded: false });
    if (targetId !== null) await names;
  }

  /**
   * Writes the entry of the request in the transaction that changes something, so that neither is there without the other. The
   * entry is of the transaction's tenant. Does nothing for work of the system, and for a request that has its entry.
   */
  async recordIn(tx: TenantTransaction, ctx: RequestContext, notes: AuditNotes = {}): Promise<void> {
    const { actor, origin } = ctx;
    const pending = origin && this.pending.get(origin);
    if (!pending || pending.recorded || actor.kind === 'system' || actor.kind === 'share_link') return;
    noteForAudit(ctx, notes);
    const { tenantId } = tx.scope;
    await this.log.record(tx, await this.entryOf({ tenantId, actor }, origin, pending, undefined));
    tx.afterCommit(() => {
      pending.recorded = true;
    });
  }

  /** The same on a public route, for who becomes a member of the transaction's tenant. */
  async recordJoinedIn(
    tx: TenantTransaction,
    origin: RequestOrigin,
    { userId, name }: { userId: string; name: string },
  ): Promise<void> {
    const pending = this.pending.get(origin);
    if (!pending) return;
    await this.log.record(tx, ofPerson({ tenantId: tx.scope.tenantId, userId, name }, origin, pending));
    tx.afterCommit(() => {
      pending.recorded = true;
    });
  }

  /** An earlier attempt of the same request has made the change, and has left the entry with it. */
  recordedBefore({ origin }: RequestContext): void {
    const pending = origin && this.pending.get(origin);
    if (pending) pending.recorded = true;
  }

  /** After the operation has succeeded. Never fails. */
  async finish(ctx: CallerContext | undefined, origin: RequestOrigin, answer: unknown): Promise<void> {
    const pending = this.pending.get(origin);
    if (!pending || pending.recorded) return;
    try {
      for (const entry of await this.entriesOf(ctx, origin, pending, answer)) await this.log.recordNow(entry);
    } catch (error) {
      this.logger.error({
        message: `An audit entry could not be made: ${String(error)}`,
        audit: { action: pending.rule.action, requestId: origin.requestId },
      });
    }
  }

  private async entriesOf(
    ctx: CallerContext | undefined,
    origin: RequestOrigin,
    pending: Pending,
    answer: unknown,
  ): Promise<NewAuditEntry[]> {
    const { rule } = pending;
    if (!ctx) {
      const { person } = origin.notes;
      const people = person ? await this.names.person(person.userId) : [];
      return people
        .filter(({ tenantId }) => person?.tenantId === undefined || tenantId === person.tenantId)
        .map((one) => ofPerson(one, origin, pending));
    }
    const entry = await this.entryOf(ctx, origin, pending, answer);
    if (rule.tenant === 'target') return [{ ...entry, tenantId: entry.target?.id ?? ctx.tenantId }];
    if (rule.tenant !== 'account' || entry.actor.id === null) return [entry];
    const everywhere = await this.names.person(entry.actor.id);
    return everywhere.map(({ tenantId }) => ({ ...entry, tenantId }));
  }

  private async entryOf(
    ctx: Pick<CallerContext, 'tenantId' | 'actor'>,
    origin: RequestOrigin,
    pending: Pending,
    answer: unknown,
  ): Promise<NewAuditEntry> {
    const { rule, params, body } = pending;
    const { target: noted, changes } = origin.notes;
    const names = await pending.names;
    const { actor, credential } = auditActorOf(ctx, names);
    const field = (name: string | undefined) => (name === undefined ? null : textOf(fieldsOf(answer)[name]));
    const own = rule.target === 'account' ? actor : { id: null, name: null };
    const target: AuditTarget =
      rule.id === undefined
        ? { ...own, kind: rule.target }
        : {
            kind: rule.target,
            id: noted?.id ?? textOf(params[rule.id]) ?? field(rule.id),
            name: noted?.name !== undefined ? noted.name : (names.target ?? field(rule.name)),
          };
    return {
      tenantId: ctx.tenantId,
      action: rule.action,
      actor,
      credential,
      origin,
      target,
      changes: changesOf(rule, body, changes),
    };
  }

  private async namesOf(ctx: CallerContext, target: { kind: AuditTarget['kind']; id: string | null }) {
    const keyId = 'keyId' in ctx.actor ? ctx.actor.keyId : null;
    // Without names an entry says less. Without an entry it would say nothing.
    return this.names.read(ctx, actorId(ctx.actor), keyId, target).catch((error: unknown) => {
      this.logger.warn(`The names for an audit entry could not be read: ${String(error)}`);
      return NO_NAMES;
    });
  }
}

function ofPerson({ tenantId, userId, name }: AuditPerson, origin: RequestOrigin, { rule, body }: Pending) {
  return {
    tenantId,
    action: rule.action,
    actor: { kind: 'person', id: userId, name },
    credential: rule.by ? { kind: rule.by } : null,
    origin,
    target: { kind: rule.target, id: userId, name },
    changes: changesOf(rule, body, origin.notes.changes),
  } satisfies NewAuditEntry;
}

const changesOf = (
  { fields, hidden }: AuditRule,
  body: unknown,
  noted: AuditChanges | undefined,
): AuditChanges => ({
  ...(fields && newValues(body, fields)),
  ...(hidden && hiddenValues(body, hidden)),
  ...noted,
});

const fieldsOf = (answer: unknown): Record<string, unknown> =>
  typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
