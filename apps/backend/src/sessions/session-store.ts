import { Injectable } from '@nestjs/common';
import {
  type Session,
  SESSION_TRANSITIONS,
  type SessionPage,
  type SessionsQuery,
} from '@saas-codex/contracts/sessions';
import { ACTIVITY_SETTINGS_BYTES, type SessionUpdatedActivity } from '@saas-codex/contracts/activity';
import type { SessionRead } from '@saas-codex/contracts/needs-you';
import { Timestamp } from '@saas-codex/contracts/pagination';
import type { ReadersOf } from '@saas-codex/event-log/activity/activity.hub';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { z } from 'zod';
import { decodeCursor, toPage } from '../database/cursor.js';
import { sessionPrivateTo } from '../database/private-rows.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { transition } from '../database/transition.js';
import { overseeing } from '../identity/overseeing.js';
import type { RequestContext } from '../identity/request-context.js';
import type { WorkspaceBase } from '../workspaces/clones/clones.js';
import { Storage } from '../workspaces/storage/storage.js';
import { ActivityPublisher } from './activity-publisher.js';
import { updateNeedsYou } from './needs-you.js';
import { personOf, SessionReads } from './session-reads.js';
import { SessionEntity } from './session.entity.js';
import { ownerOf, privateTo, toSession, toSessionOutline } from './session-view.js';

type Work<T> = (tx: TenantTransaction, session: SessionEntity) => Promise<T>;
type SetOf = Parameters<typeof transition<SessionEntity['status'], SessionEntity>>[3]['set'];

const ARCHIVED = `session.status = 'archived'`;
/** An address with or without `.git` or a slash at its end, in any case, names the same repository. */
const normalised = (address: string) => `regexp_replace(lower(${address}), '(\\.git)?/*$', '')`;
const ON_REPOSITORY = `${normalised('session.repoUrl')} = ${normalised(':repository')}`;
/** Not LIKE: what a person types has no wildcards. */
const HAS_TEXT = `(strpos(lower(session.title), lower(:q)) > 0 OR strpos(lower(session.repoUrl), lower(:q)) > 0)`;

const NEEDS_READER = `session.needsYou @> jsonb_build_object('user_ids', jsonb_build_array(CAST(:person AS text)))`;
const IS_UNREAD = `
  EXISTS (SELECT FROM session_reads r WHERE r.tenant_id = session.tenantId AND r.session_id = session.id
                  AND r.user_id = :person AND r.read_at < session.newsAt)`;

const READERS = `
  SELECT id, ${sessionPrivateTo()} AS "privateTo"
    FROM sessions WHERE tenant_id = $1 AND id = ANY($2::uuid[])`;

/** Sort key of the list: last activity, then id. */
const SessionCursor = z.tuple([Timestamp, z.uuid()]);

/**
 * Reads and changes sessions.
 *
 * The session's row locks everything that belongs to the session. Every change of the session or its runs goes through
 * `change`, so the changes of one session happen one after the other, and a reader of the row always sees a session and a
 * summary of its runs that match. What lists show is published after the commit.
 */
@Injectable()
export class SessionStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly storage: Storage,
    private readonly activity: ActivityPublisher,
    private readonly reads: SessionReads,
  ) {}

  /**
   * Inserts a session, unless an earlier attempt of the same request has inserted it.
   * @param whenNew is called in the same transaction if the session is new
   */
  insert(
    ctx: RequestContext,
    row: Partial<SessionEntity> & { id: string },
    whenNew: Work<void>,
  ): Promise<SessionEntity> {
    return this.db.run(ctx, async (tx) => {
      const sessions = tx.of(SessionEntity);
      const find = () => sessions.findOne({ where: { id: row.id } });
      const existing = await find();
      if (!existing) await whenNew(tx, await sessions.insert(row));
      const session = existing ?? present(await find());
      tx.afterCommit(() => this.publish(session));
      return session;
    });
  }

  /** @throws ProblemError session_not_found */
  async get(ctx: RequestContext, id: string): Promise<SessionEntity> {
    return present(await this.find(ctx, id));
  }

  /** For background work: also finds a session that is being deleted. */
  find(ctx: RequestContext, id: string): Promise<SessionEntity | null> {
    return this.db.run(ctx, (tx) => tx.of(SessionEntity).findOne({ where: { id } }));
  }

  /**
   * Sessions that match the query, newest activity first. Those that are private to others are only in lists which do not search.
   * @throws ProblemError invalid_cursor
   */
  async list(ctx: RequestContext, query: SessionsQuery): Promise<SessionPage> {
    const after = decodeCursor(query.cursor, SessionCursor);
    const isSearch = query.q || query.repository || query.needs_you || query.unread;
    const scope = isSearch ? ctx : overseeing(ctx);
    const person = personOf(ctx.actor) ?? '';
    const { rows, readOf } = await this.db.run(scope, async (tx) => {
      const select = tx
        .of(SessionEntity)
        .select('session')
        .andWhere('session.deletedAt IS NULL')
        .andWhere(
          query.status ? 'session.status = :status' : query.archived ? ARCHIVED : `NOT (${ARCHIVED})`,
          query,
        );
      if (query.repository) select.andWhere(ON_REPOSITORY, query);
      if (query.needs_you) select.andWhere(NEEDS_READER, { person });
      if (query.unread) select.andWhere(IS_UNREAD, { person });
      if (query.q) select.andWhere(HAS_TEXT, query);
      if (after)
        select.andWhere('(session.updatedAt, session.id) < (:at, :id)', { at: after[0], id: after[1] });
      const rows = await select
        .orderBy('session.updatedAt', 'DESC')
        .addOrderBy('session.id', 'DESC')
        .take(query.limit + 1)
        .getMany();
      const ids = rows.map(({ id }) => id);
      return { rows, readOf: await this.reads.of(tx, ctx, ids) };
    });
    return toPage(
      rows,
      query.limit,
      (row) => [row.updatedAt.toISOString(), row.id],
      (row) => ({ ...this.viewFor(ctx, row), ...readOf(row.id) }),
    );
  }

  /** How far the actor has read the session. @throws ProblemError session_not_found */
  async lastRead(ctx: RequestContext, id: string): Promise<SessionRead> {
    await this.get(ctx, id);
    return this.db.run(ctx, async (tx) => (await this.reads.of(tx, ctx, [id]))(id));
  }

  /** Who may see the activities of these sessions. */
  readonly readersOf: ReadersOf = async (tenantId, ids) => {
    const rows = await this.db.run({ tenantId }, (tx) =>
      tx.manager.query<{ id: string; privateTo: string | null }[]>(READERS, [tenantId, ids]),
    );
    return new Map(rows.map(({ id, privateTo }) => [id, privateTo]));
  };

  /**
   * Changes a session or its runs in one transaction.
   * @throws ProblemError session_not_found, and what `work` throws; in both cases nothing has changed
   */
  change<T>(ctx: RequestContext, id: string, work: Work<T>): Promise<T> {
    return this.locked(ctx, id, (tx, session) => work(tx, present(session)));
  }

  /** Like `change`, for background work: it also takes a session that is being deleted. null: the session is gone. */
  changeIfThere<T>(ctx: RequestContext, id: string, work: Work<T>): Promise<T | null> {
    return this.locked(ctx, id, async (tx, session) => (session ? work(tx, session) : null));
  }

  /** Changes a session's status, see `transition`. A session that is being deleted keeps its status. */
  transition(tx: TenantTransaction, session: SessionEntity, to: SessionEntity['status'], set: SetOf = {}) {
    if (session.deletedAt) return Promise.resolve(false);
    return transition(tx, SessionEntity, SESSION_TRANSITIONS, {
      id: session.id,
      to,
      set: { updatedAt: new Date(), ...set },
    });
  }

  /** Records what the session was cloned from. */
  async recordBase(ctx: RequestContext, id: string, base: WorkspaceBase): Promise<void> {
    await this.changeIfThere(ctx, id, (tx) => tx.of(SessionEntity).update({ id }, base));
  }

  /** The last step of a deletion. */
  async removeRow(ctx: RequestContext, id: string): Promise<void> {
    await this.db.run(ctx, (tx) => tx.of(SessionEntity).delete({ id }));
  }

  readonly view = (session: SessionEntity): Session => toSession(session, this.storage.repoPath(session.id));

  /** The session as the context's reader may see it. */
  viewFor({ readerId }: RequestContext, session: SessionEntity): Session {
    const isVisible = readerId === undefined || [null, readerId].includes(privateTo(session));
    return isVisible ? this.view(session) : toSessionOutline(session);
  }

  private locked<T>(
    ctx: RequestContext,
    id: string,
    work: (tx: TenantTransaction, session: SessionEntity | null) => Promise<T>,
  ): Promise<T> {
    return this.db.run(ctx, async (tx) => {
      const sessions = tx.of(SessionEntity);
      const session = await sessions.findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
      const before = session && this.publicState(session);
      const answer = await work(tx, session);
      if (session) await updateNeedsYou(tx, id);
      // The reader of this scope may have given it away.
      const after = await tx.ofAllReaders(SessionEntity).findOne({ where: { id } });
      if (after && this.publicState(after) !== before) tx.afterCommit(() => this.publish(after));
      if (session && after && isHiddenFromMore(session, after))
        tx.afterCommit(() => this.publishHidden(after));
      return answer;
    });
  }

  /** The part of the session that clients can see, to detect changes. */
  private publicState(session: SessionEntity): string {
    return JSON.stringify([this.view(session), session.deletedAt]);
  }

  private publishHidden(session: SessionEntity): void {
    this.activity.publish({ ...activityOf(session), type: 'session.hidden', owner_id: ownerOf(session) });
  }

  private publish(session: SessionEntity): void {
    const base = activityOf(session);
    if (session.deletedAt) this.activity.publish({ ...base, type: 'session.deleted' });
    else
      this.activity.publish({ ...base, type: 'session.updated', session: forActivity(this.view(session)) });
  }
}

/** Whether somebody who could read it no longer can. */
const isHiddenFromMore = (before: SessionEntity, after: SessionEntity): boolean =>
  privateTo(after) !== null && privateTo(after) !== privateTo(before);

const activityOf = ({ tenantId, id }: SessionEntity) =>
  ({ v: 1, tenant_id: tenantId, session_id: id, at: new Date().toISOString() }) as const;

/** Each tenant's stream keeps thousands of activities, so what may be large stays out. */
function forActivity({ network, setup, ...small }: Session): SessionUpdatedActivity['session'] {
  const size = Buffer.byteLength(JSON.stringify({ network, setup }));
  return size > ACTIVITY_SETTINGS_BYTES ? small : { ...small, network, setup };
}

function present(session: SessionEntity | null): SessionEntity {
  if (session && !session.deletedAt) return session;
  throw new ProblemError('session_not_found', 'It may have been deleted. Choose another session.');
}
