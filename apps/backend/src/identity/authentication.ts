import { Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AUTH, type Auth } from './auth.js';
import { type Membership, Memberships } from './memberships.js';

const BEARER = /^Bearer +([!-~]{1,500})$/i;

/** The request's headers as better-auth reads them. */
export const webHeaders = (req: Request): Headers => new Headers({ cookie: req.headers.cookie ?? '' });

/** Hands the cookies that better-auth sets on to the browser. */
export const passCookies = (from: Headers, res: Response): void => {
  for (const cookie of from.getSetCookie()) res.append('set-cookie', cookie);
};

/** Finds out who a request comes from: an API key in `Authorization`, else the cookie of somebody who signed in. */
@Injectable()
export class Authentication {
  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly memberships: Memberships,
  ) {}

  /** A request that has an `Authorization` header is judged by it alone. A cookie in use is prolonged in `res`. */
  async identify(req: Request, res: Response): Promise<Membership | undefined> {
    const { authorization, cookie } = req.headers;
    if (authorization !== undefined) return this.byApiKey(authorization);
    return cookie === undefined ? undefined : this.byCookie(req, res);
  }

  private async byApiKey(authorization: string): Promise<Membership | undefined> {
    const key = BEARER.exec(authorization)?.[1];
    return key === undefined ? undefined : this.memberships.ofApiKey(key);
  }

  private async byCookie(req: Request, res: Response): Promise<Membership | undefined> {
    const { response, headers } = await this.auth.api
      .getSession({ headers: webHeaders(req), returnHeaders: true })
      .catch(async (error: unknown) => {
        // better-auth does not tell why: that Postgres is away is told by Postgres.
        await this.memberships.reach();
        throw error;
      });
    passCookies(headers, res);
    if (!response) return undefined;
    return this.memberships.ofUser(response.user.id, response.session.activeOrganizationId ?? null);
  }
}
