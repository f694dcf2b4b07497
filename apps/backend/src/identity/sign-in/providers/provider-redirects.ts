import type { CookieOptions, Request, Response } from 'express';
import type { Config } from '../../../config.js';
import type { Authentication } from '../../authentication.js';
import { cookiePrefix } from '../../better-auth.js';
import { ProviderFailure } from './provider-failure.js';
import { PROVIDER_STATE_MS, type ProviderSignIns } from './provider-sign-ins.js';
import type { SignInProvider } from './sign-in-provider.js';

/** A person's browser comes here by links and redirects, so failures are redirects, too: to `/sign-in?error=…`. */
export abstract class ProviderRedirects {
  private readonly cookie: { name: string; options: CookieOptions };

  protected constructor(
    private readonly config: Config,
    private readonly authentication: Authentication,
    private readonly signIns: ProviderSignIns,
    private readonly provider: SignInProvider,
  ) {
    const secure = config.PUBLIC_URL.startsWith('https:');
    this.cookie = {
      name: `${secure ? '__Host-' : ''}${cookiePrefix(config.PUBLIC_URL)}.${provider.id}-state`,
      // Lax: the provider's redirect comes from another site.
      options: { httpOnly: true, secure, sameSite: 'lax', path: '/' },
    };
  }

  protected toProvider(res: Response): Promise<void> {
    return this.redirect(res, async () => {
      const { state, page } = await this.signIns.start(this.provider);
      res.cookie(this.cookie.name, state, { ...this.cookie.options, maxAge: PROVIDER_STATE_MS });
      return page.href;
    });
  }

  protected fromProvider(req: Request, res: Response): Promise<void> {
    return this.redirect(res, async () => {
      res.clearCookie(this.cookie.name, this.cookie.options);
      const query = new URL(req.originalUrl, this.config.PUBLIC_URL).search;
      const state = cookieOf(req, this.cookie.name);
      const headers = await this.signIns.finish(this.provider, query, state, req);
      await this.authentication.replaceCookie(req, res, headers);
      return `${this.config.PUBLIC_URL}/`;
    });
  }

  /** Only ever to the provider or to PUBLIC_URL: nothing of the request says where to. */
  private async redirect(res: Response, target: () => Promise<string>): Promise<void> {
    res.setHeader('cache-control', 'no-store');
    try {
      res.redirect(302, await target());
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      res.redirect(302, `${this.config.PUBLIC_URL}/sign-in?error=${error.code}`);
    }
  }
}

function cookieOf({ headers }: Request, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
