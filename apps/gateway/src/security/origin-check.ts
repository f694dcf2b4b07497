import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { NextFunction, Request, Response } from 'express';
import { CONFIG, type Config } from '../config.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that another site makes a browser send (CSRF). For a request that can change something:
 *
 *     Sec-Fetch-Site    same-origin                        passes
 *                       same-site, cross-site              403
 *     Origin            PUBLIC_URL's, or the Host's own    passes
 *                       any other, also `null`             403
 *     neither           no cookie, or Authorization        passes: a program, which no site can trick into sending a secret
 *                       cookie alone                       403
 */
@Injectable()
export class OriginCheck implements NestMiddleware {
  private readonly origin: string;

  constructor(@Inject(CONFIG) { PUBLIC_URL }: Config) {
    this.origin = new URL(PUBLIC_URL).origin;
  }

  use(req: Request, _res: Response, next: NextFunction): void {
    if (SAFE_METHODS.has(req.method) || this.isOwn(req)) return next();
    throw new ProblemError(
      'origin_forbidden',
      `Use the platform at ${this.origin}. Programs must send Authorization: Bearer instead of a cookie.`,
    );
  }

  private isOwn(req: Request): boolean {
    const { origin, cookie, authorization } = req.headers;
    switch (req.headers['sec-fetch-site']) {
      case 'same-origin':
        return true;
      case 'same-site':
      case 'cross-site':
        return false;
    }
    if (origin !== undefined) {
      return origin === this.origin || origin === `${req.protocol}://${req.host}`;
    }
    return cookie === undefined || authorization !== undefined;
  }
}
