import { createHash, createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { permissionsOf, ROLES } from '@saas-codex/contracts/permissions';
import { SHARED_PATH } from '@saas-codex/contracts/sharing';
import { clientAddressOf } from '@saas-codex/service-kit/http/gateway-mark';
import { Attempts } from '@saas-codex/service-kit/http/attempts';
import { clientNetwork } from '@saas-codex/service-kit/network/client-network';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { sameSecretAs } from '@saas-codex/service-kit/secret';
import type { Request, Response } from 'express';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { sessionPrivateTo } from '../database/private-rows.js';
import { SystemDatabase } from '../database/system-database.js';
import { REDIS } from '../redis.module.js';
import { PRINCIPALS } from './memberships.js';
import type { ShareLinkContext } from './request-context.js';

/*
 * Readers by link. The link's token becomes a cookie that a browser sends to the paths of this link only:
 *
 *     POST /api/share-links/open { token } ──► hash ──► a link that works ──► cookie: expiry and HMAC(link, expiry)
 *     GET /api/shared/{link}/… with the cookie ──► HMAC right ──► the link still works ──► a context of its one session
 *
 * Postgres is asked for every request, so a link that is revoked opens nothing more.
 */

const COOKIE = 'saas_codex_share';
const COOKIE_VALUE = new RegExp(`(?:^|; *)${COOKIE}=(\\d{1,15})\\.([\\w-]{43})(?:;|$)`);
const COOKIE_SECONDS = 60 * 60;
/** Requests in a minute, of one link's readers in one network, and of all of them. */
const PER_NETWORK = { attempts: 300, seconds: 60 };
const PER_LINK = { attempts: 3_000, seconds: 60 };

/** Roles that may share. Who loses them takes the links along. */
const SHARING_ROLES = ROLES.filter((role) => permissionsOf(role).includes('sessions:share'));

/** Condition on a link `l`, its session `s`, its tenant `t` and what `m` is there who made it. A private session only its owner shares. */
const WORKS = `
  s.tenant_id = l.tenant_id AND s.id = l.session_id AND s.deleted_at IS NULL AND s.status <> 'archived'
  AND t.id = l.tenant_id AND t.deleted_at IS NULL
  AND coalesce(${sessionPrivateTo('s.')}, l.created_by) = l.created_by
  AND m.tenant_id = l.tenant_id AND m.principal_id = l.created_by AND m.role IN (${SHARING_ROLES.map((role) => `'${role}'`).join(', ')})
  AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > now())`;

const OPEN = `
  WITH opened AS (
    UPDATE share_links l SET last_opened_at = now() FROM sessions s, ${PRINCIPALS}
     WHERE l.token_hash = $1 AND ${WORKS}
    RETURNING l.id, l.session_id, l.tenant_id, l.expires_at, t.name)
  SELECT id, session_id AS "sessionId", tenant_id AS "tenantId", expires_at AS "expiresAt", name AS organisation FROM opened`;

const WORKING = `
  SELECT l.id, l.session_id AS "sessionId", l.tenant_id AS "tenantId" FROM share_links l, sessions s, ${PRINCIPALS}
   WHERE l.id = ANY($1::uuid[]) AND ${WORKS}`;

/** A link that works. */
interface WorkingLink {
  id: string;
  sessionId: string;
  tenantId: string;
}

export interface OpenedLink extends WorkingLink {
  organisation: string;
  /** null: until it is revoked. */
  expiresAt: Date | null;
}

/** The secret of a link as the database keeps it. */
export const shareTokenHash = (token: string): string =>
  createHash('sha256').update(token).digest('base64url');

@Injectable()
export class ShareLinkReaders {
  private readonly perNetwork: Attempts;
  private readonly perLink: Attempts;

  constructor(
    private readonly system: SystemDatabase,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) redis: Redis,
  ) {
    this.perNetwork = new Attempts(redis, 'share-link-network', PER_NETWORK);
    this.perLink = new Attempts(redis, 'share-link', PER_LINK);
  }

  /** Sets the cookie of a link. @throws ProblemError link_invalid */
  async openLink(token: string, res: Response): Promise<OpenedLink> {
    const [link] = await this.system.query<OpenedLink>(OPEN, [shareTokenHash(token)]);
    if (!link) {
      const detail =
        'It was revoked or has expired, or its session was archived. Ask whoever sent it for another one.';
      throw new ProblemError('link_invalid', detail);
    }
    const until = Math.floor(Date.now() / 1_000) + COOKIE_SECONDS;
    res.cookie(COOKIE, `${until}.${this.signatureOf(link.id, until)}`, {
      path: `${SHARED_PATH}/${link.id}`,
      maxAge: COOKIE_SECONDS * 1_000,
      httpOnly: true,
      sameSite: 'strict',
      secure: this.config.PUBLIC_URL.startsWith('https:'),
    });
    return link;
  }

  /**
   * Who reads through this link.
   * @returns undefined without its cookie, and when it works no longer
   * @throws ProblemError rate_limited
   */
  async identify(
    shareLinkId: string,
    req: Request,
  ): Promise<Pick<ShareLinkContext, 'tenantId' | 'actor' | 'onlySessionId'> | undefined> {
    const [, until, signature] = COOKIE_VALUE.exec(req.headers.cookie ?? '') ?? [];
    if (signature === undefined || Number(until) * 1_000 < Date.now()) return undefined;
    if (!sameSecretAs(this.signatureOf(shareLinkId, Number(until)))(signature)) return undefined;
    await this.limit(shareLinkId, req);
    const link = (await this.working([shareLinkId])).get(shareLinkId);
    if (!link) return undefined;
    const { tenantId, sessionId } = link;
    return { tenantId, onlySessionId: sessionId, actor: { kind: 'share_link', shareLinkId, sessionId } };
  }

  /** Those of the links that still work, by id. */
  async working(shareLinkIds: readonly string[]): Promise<Map<string, WorkingLink>> {
    const links = await this.system.query<WorkingLink>(WORKING, [shareLinkIds]);
    return new Map(links.map((link) => [link.id, link]));
  }

  private async limit(shareLinkId: string, req: Request): Promise<void> {
    const network = clientNetwork(clientAddressOf(req));
    const waits = await Promise.all([
      this.perNetwork.take(shareLinkId, network),
      this.perLink.take(shareLinkId),
    ]);
    const seconds = Math.max(...waits.map((wait) => wait ?? 0));
    if (seconds === 0) return;
    throw new ProblemError('rate_limited', `Too many people read this session. Try again in ${seconds} s.`, {
      headers: { 'Retry-After': `${seconds}` },
    });
  }

  private signatureOf(shareLinkId: string, until: number): string {
    return createHmac('sha256', this.config.AUTH_SECRET)
      .update(`share link ${shareLinkId} ${until}`)
      .digest('base64url');
  }
}
