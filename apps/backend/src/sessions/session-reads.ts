import { Injectable } from '@nestjs/common';
import type { SessionRead } from '@saas-codex/contracts/needs-you';
import type { TenantTransaction } from '../database/tenant-database.js';
import type { Actor } from '../identity/actor.js';
import { userIdOf } from '../identity/person.js';
import type { CallerContext, RequestContext } from '../identity/request-context.js';
import { ActivityPublisher } from './activity-publisher.js';
import type { SessionEntity } from './session.entity.js';

interface Row {
  session_id: string;
  read_at: Date;
}

const OF_PERSON = `
  SELECT session_id, read_at FROM session_reads WHERE tenant_id = $1 AND user_id = $2 AND session_id = ANY ($3::uuid[])`;

/** A runner's clock may be ahead of Postgres's, and what happened until now includes its latest news. */
const READ_NOW = `
  INSERT INTO session_reads (tenant_id, user_id, session_id, read_at)
  SELECT tenant_id, $2, id, greatest(now(), news_at) FROM sessions WHERE tenant_id = $1 AND id = $3
  ON CONFLICT (session_id, user_id)`;
const READ = `${READ_NOW} DO UPDATE SET read_at = EXCLUDED.read_at
  WHERE session_reads.read_at < (SELECT news_at FROM sessions WHERE tenant_id = $1 AND id = $3)
  RETURNING session_id, read_at`;
const FOLLOW = `${READ_NOW} DO NOTHING RETURNING session_id, read_at`;
const UNREAD = `
  INSERT INTO session_reads (tenant_id, user_id, session_id, read_at)
  SELECT tenant_id, $2, id, news_at - interval '1 ms' FROM sessions WHERE tenant_id = $1 AND id = $3
  ON CONFLICT (session_id, user_id) DO UPDATE SET read_at = EXCLUDED.read_at
  WHERE session_reads.read_at > EXCLUDED.read_at
  RETURNING session_id, read_at`;

/**
 * How far each person has read each session. A person has a row for a session that they have opened, made or prompted; only then
 * its news count as unread. Removed members take their rows with them.
 */
@Injectable()
export class SessionReads {
  constructor(private readonly activity: ActivityPublisher) {}

  /** How far the actor has read each of these sessions. Only people read. */
  async of(
    tx: TenantTransaction,
    { actor }: RequestContext,
    sessionIds: readonly string[],
  ): Promise<(sessionId: string) => SessionRead> {
    const person = personOf(actor);
    const rows =
      person === null || sessionIds.length === 0
        ? []
        : await tx.manager.query<Row[]>(OF_PERSON, [tx.scope.tenantId, person, sessionIds]);
    const times = new Map(rows.map(({ session_id: id, read_at: at }) => [id, at.toISOString()]));
    return (id) => ({ read_at: times.get(id) ?? null });
  }

  /** For the transaction that has locked the session's row. @throws ProblemError person_required */
  async markRead(tx: TenantTransaction, ctx: CallerContext, { id }: SessionEntity): Promise<SessionRead> {
    await this.write(tx, READ, userIdOf(ctx.actor), id);
    return (await this.of(tx, ctx, [id]))(id);
  }

  /** The inverse of `markRead`. @throws ProblemError person_required */
  async markUnread(tx: TenantTransaction, ctx: CallerContext, { id }: SessionEntity): Promise<void> {
    await this.write(tx, UNREAD, userIdOf(ctx.actor), id);
  }

  /** The actor works in the session: from now on, its news are theirs to read. */
  async follow(tx: TenantTransaction, ctx: RequestContext, sessionId: string): Promise<void> {
    const person = personOf(ctx.actor);
    if (person !== null) await this.write(tx, FOLLOW, person, sessionId);
  }

  private async write(
    tx: TenantTransaction,
    statement: string,
    person: string,
    sessionId: string,
  ): Promise<void> {
    const { tenantId } = tx.scope;
    const [changed] = await tx.manager.query<Row[]>(statement, [tenantId, person, sessionId]);
    if (!changed) return;
    tx.afterCommit(() =>
      this.activity.publish({
        v: 1,
        type: 'session.read',
        tenant_id: tenantId,
        session_id: sessionId,
        at: new Date().toISOString(),
        user_id: person,
        read_at: changed.read_at.toISOString(),
      }),
    );
  }
}

/** The actor's `user_id`, also with a key of theirs; null: no person. */
export const personOf = (actor: Actor): string | null => ('userId' in actor ? actor.userId : null);
