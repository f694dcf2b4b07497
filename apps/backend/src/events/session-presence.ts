import { Inject, Injectable } from '@nestjs/common';
import {
  MAX_WATCHERS,
  type Presence,
  PRESENCE_TIMEOUT_SECONDS,
  Watcher,
} from '@saas-codex/contracts/presence';
import { readJson } from '@saas-codex/contracts/open-reading';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { actorId } from '../identity/actor.js';
import type { CallerContext } from '../identity/request-context.js';
import { REDIS } from '../redis.module.js';
import { ActivityPublisher } from '../sessions/activity-publisher.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { privateTo } from '../sessions/session-view.js';

const TIMEOUT_MS = PRESENCE_TIMEOUT_SECONDS * 1_000;

/*
 * Who watches a session now. The open streams do not say it: the gateway shares them, a page has one for all sessions, and a
 * session without a run has none. So a page says it while a person sees it:
 *
 *     page ──PUT every 20 s──► any backend ──► sorted set in Redis, by the time at which each watcher counts as gone
 *          ◄── who watches ──────┘    └── somebody came or left ──► activity session.presence ──► the other pages
 */
@Injectable()
export class SessionPresence {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly sessions: SessionStore,
    private readonly activity: ActivityPublisher,
  ) {}

  /** @throws ProblemError session_not_found */
  async read(ctx: CallerContext, sessionId: string): Promise<Presence> {
    const session = await this.sessions.get(ctx, sessionId);
    return presenceOf(session, await this.redis.zrangebyscore(keyOf(session), Date.now(), '+inf'));
  }

  /** The caller watches the session from now on, for `PRESENCE_TIMEOUT_SECONDS`. @throws ProblemError session_not_found */
  async announce(ctx: CallerContext, sessionId: string): Promise<Presence> {
    const session = await this.sessions.get(ctx, sessionId);
    const [key, now] = [keyOf(session), Date.now()];
    return this.change(
      session,
      this.redis
        .multi()
        .zremrangebyscore(key, '-inf', now)
        .zadd(key, now + TIMEOUT_MS, watcherOf(ctx))
        .zremrangebyrank(key, 0, -1 - MAX_WATCHERS)
        .pexpire(key, TIMEOUT_MS)
        .zrange(key, 0, '-1'),
      2,
    );
  }

  /** The caller watches the session no longer. @throws ProblemError session_not_found */
  async end(ctx: CallerContext, sessionId: string): Promise<void> {
    const session = await this.sessions.get(ctx, sessionId);
    const [key, now] = [keyOf(session), Date.now()];
    const left = this.redis.multi().zrem(key, watcherOf(ctx)).zrangebyscore(key, now, '+inf');
    await this.change(session, left, 1);
  }

  /** @param counting how many of the first answers count who came or left. The last one has the watchers. */
  private async change(
    session: SessionEntity,
    commands: ReturnType<Redis['multi']>,
    counting: number,
  ): Promise<Presence> {
    const answers = (await commands.exec()) ?? [];
    for (const [error] of answers) if (error) throw error;
    const presence = presenceOf(session, answers.at(-1)?.[1] as string[]);
    if (answers.slice(0, counting).some(([, count]) => count !== 0)) {
      this.activity.publish({
        v: 1,
        type: 'session.presence',
        tenant_id: session.tenantId,
        session_id: session.id,
        at: new Date().toISOString(),
        ...presence,
      });
    }
    return presence;
  }
}

const keyOf = ({ tenantId, id }: SessionEntity): string => REDIS_KEYS.presence(tenantId, id);

const watcherOf = ({ actor }: CallerContext): string =>
  JSON.stringify({ user_id: actorId(actor), name: actor.name } satisfies Watcher);

/** Whoever watched a session before it became private has left, also if their page did not say so. */
function presenceOf(session: SessionEntity, members: string[]): Presence {
  const reader = privateTo(session);
  const watchers = members.flatMap((member) => readJson(Watcher, member) ?? []);
  const seen = watchers.filter(({ user_id: id }) => reader === null || id === reader);
  // A person who was renamed is there twice, for a while.
  return { watchers: [...new Map(seen.map((watcher) => [watcher.user_id, watcher])).values()] };
}
