import { Inject, Injectable, Logger } from '@nestjs/common';
import { clientAddressOf } from '@saas-codex/service-kit/http/gateway-mark';
import type { Request, Response } from 'express';
import { SystemDatabase } from '../database/system-database.js';
import { ApiKeys } from './api-keys.js';
import { AUTH, type Auth, CLIENT_ADDRESS_HEADER } from './better-auth.js';
import { Memberships } from './memberships.js';
import type { CallerContext } from './request-context.js';

/** How precise the time of a sign-in's last use is. */
const USE_RECORDED_EVERY_MS = 60_000;

const BEARER = /^Bearer +([!-~]{1,500})$/i;

/** What better-auth records of the client that signs in. Without a cookie: a new sign-in does not continue an old one. */
export const clientHeaders = (req: Request): Headers =>
  new Headers({
    'user-agent': (req.headers['user-agent'] ?? '').slice(0, 500),
    [CLIENT_ADDRESS_HEADER]: clientAddressOf(req) ?? '',
  });

/** The request's headers as better-auth reads them. */
export function webHeaders(req: Request): Headers {
  const headers = clientHeaders(req);
  headers.set('cookie', req.headers.cookie ?? '');
  return headers;
}

/** Hands the cookies that better-auth sets on to the browser. */
export const passCookies = (from: Headers, res: Response): void => {
  for (const cookie of from.getSetCookie()) res.append('set-cookie', cookie);
};

/** The caller and the tenant of a request. */
type Identified = Pick<CallerContext, 'tenantId' | 'actor'>;

/** Finds out who sends a request: an API key in `Authorization`, else the cookie of a person who signed in. */
@Injectable()
export class Authentication {
  private readonly logger = new Logger(Authentication.name);

  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly apiKeys: ApiKeys,
    private readonly memberships: Memberships,
    private readonly system: SystemDatabase,
  ) {}

  /** The cookie of a request with an `Authorization` header does not count. A cookie in use is prolonged in `res`. */
  async identify(req: Request, res: Response): Promise<Identified | undefined> {
    const { authorization, cookie } = req.headers;
    if (authorization !== undefined) return this.byApiKey(authorization);
    return cookie === undefined ? undefined : this.byCookie(req, res);
  }

  /** Signs in a browser: the new cookie takes the place of its old one, so the old one's sign-in ends. */
  async replaceCookie(req: Request, res: Response, headers: Headers): Promise<void> {
    if (req.headers.cookie !== undefined) await this.auth.api.signOut({ headers: webHeaders(req) });
    passCookies(headers, res);
  }

  /** Writes at most once in a minute, and never fails the request. */
  private async recordUse({ id, lastUsedAt }: { id: string; lastUsedAt?: Date | null }): Promise<void> {
    if (lastUsedAt && Date.now() - lastUsedAt.getTime() < USE_RECORDED_EVERY_MS) return;
    await this.system
      .query(
        `UPDATE user_sessions SET last_used_at = now()
          WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - make_interval(secs => $2))`,
        [id, USE_RECORDED_EVERY_MS / 1_000],
      )
      .catch((error: unknown) => this.logger.warn(`The use of a sign-in was not recorded: ${String(error)}`));
  }

  /** The person who is signed in at this browser, in whatever tenant, or in none. */
  async personOf(req: Request): Promise<{ userId: string; name: string; email: string } | undefined> {
    if (req.headers.cookie === undefined) return undefined;
    const session = await this.auth.api
      .getSession({ headers: webHeaders(req) })
      .catch(async (error: unknown) => {
        await this.system.ping();
        throw error;
      });
    if (!session) return undefined;
    const { id: userId, name, email } = session.user;
    return { userId, name, email };
  }

  private async byApiKey(authorization: string): Promise<Identified | undefined> {
    const key = BEARER.exec(authorization)?.[1];
    const found = key === undefined ? undefined : await this.apiKeys.find(key);
    if (!found) return undefined;
    const { tenantId, kind, principalId, ...caller } = found;
    return {
      tenantId,
      actor:
        kind === 'person'
          ? { kind: 'api_key', userId: principalId, ...caller }
          : { kind, serviceAccountId: principalId, ...caller },
    };
  }

  private async byCookie(req: Request, res: Response): Promise<Identified | undefined> {
    const { response, headers } = await this.auth.api
      .getSession({ headers: webHeaders(req), returnHeaders: true })
      .catch(async (error: unknown) => {
        // better-auth does not say why it failed. When Postgres is away, this error says so.
        await this.system.ping();
        throw error;
      });
    passCookies(headers, res);
    if (!response) return undefined;
    const { user, session } = response;
    void this.recordUse(session);
    const member = await this.memberships.ofUser(user.id, session.activeOrganizationId ?? null);
    if (!member) return undefined;
    const { tenantId, ...person } = member;
    return { tenantId, actor: { kind: 'person', signInId: session.id, name: user.name, ...person } };
  }
}
