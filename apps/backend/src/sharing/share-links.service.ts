import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import {
  type CreatedShareLink,
  type CreateShareLink,
  MAX_SHARE_LINKS,
  type ShareLink,
  type ShareLinkPage,
} from '@saas-codex/contracts/sharing';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { SelectQueryBuilder } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { shareTokenHash } from '../identity/share-link-readers.js';
import { SessionStore } from '../sessions/session-store.js';
import { ShareLinkEntity } from './share-link.entity.js';

const TOKEN_BYTES = 32;
const ShareLinkCursor = z.tuple([Timestamp, z.uuid()]);

/** The links of a session, for those who may share it. */
@Injectable()
export class ShareLinksService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws ProblemError session_not_found, invalid_cursor */
  async list(ctx: RequestContext, sessionId: string, { cursor, limit }: PageQuery): Promise<ShareLinkPage> {
    await this.sessions.get(ctx, sessionId);
    const before = decodeCursor(cursor, ShareLinkCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = working(tx, sessionId);
      if (before) select.andWhere('(link.createdAt, link.id) < (:at, :id)', { at: before[0], id: before[1] });
      return select
        .orderBy('link.createdAt', 'DESC')
        .addOrderBy('link.id', 'DESC')
        .take(limit + 1)
        .getMany();
    });
    return toPage(rows, limit, (row) => [row.createdAt.toISOString(), row.id], toShareLink);
  }

  /**
   * Created once more, by a repeated request, a link gets a new secret.
   * @throws ProblemError session_not_found, session_archived, share_links_exhausted
   */
  async create(ctx: RequestContext, sessionId: string, body: CreateShareLink): Promise<CreatedShareLink> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const id = ctx.idempotentId ?? uuidV7();
    const link = await this.sessions.change(ctx, sessionId, async (tx, session) => {
      if (session.status === 'archived')
        throw new ProblemError('session_archived', 'Unarchive it to share it.');
      const links = tx.of(ShareLinkEntity);
      const tokenHash = shareTokenHash(token);
      const made = await links.findOne({ where: { id, sessionId } });
      if (made) {
        await links.update({ id }, { tokenHash });
        return made;
      }
      if ((await working(tx, sessionId).getCount()) >= MAX_SHARE_LINKS) {
        throw new ProblemError(
          'share_links_exhausted',
          `It has ${MAX_SHARE_LINKS}. Revoke one of them first.`,
        );
      }
      return links.insert({
        id,
        sessionId,
        tokenHash,
        createdBy: actorId(ctx.actor),
        createdAt: new Date(),
        expiresAt: body.expires_at === undefined ? null : new Date(body.expires_at),
      });
    });
    return { ...toShareLink(link), link: `${this.config.PUBLIC_URL}/shared/${id}#token=${token}` };
  }

  /** @throws ProblemError session_not_found, share_link_not_found */
  async revoke(ctx: RequestContext, sessionId: string, id: string): Promise<void> {
    await this.sessions.get(ctx, sessionId);
    const revoked = await this.db.run(ctx, async (tx) => {
      const link = await working(tx, sessionId).andWhere('link.id = :id', { id }).getOne();
      return link ? tx.of(ShareLinkEntity).update({ id }, { revokedAt: new Date() }) : 0;
    });
    if (revoked === 0) throw new ProblemError('share_link_not_found', 'It may have been revoked already.');
  }
}

/** The links of the session that are neither revoked nor expired. */
const working = (tx: TenantTransaction, sessionId: string): SelectQueryBuilder<ShareLinkEntity> =>
  tx
    .of(ShareLinkEntity)
    .select('link')
    .andWhere('link.sessionId = :sessionId AND link.revokedAt IS NULL', { sessionId })
    .andWhere('(link.expiresAt IS NULL OR link.expiresAt > now())');

const toShareLink = (link: ShareLinkEntity): ShareLink => ({
  share_link_id: link.id,
  created_by: link.createdBy,
  created_at: link.createdAt.toISOString(),
  expires_at: link.expiresAt?.toISOString() ?? null,
  last_opened_at: link.lastOpenedAt?.toISOString() ?? null,
});
