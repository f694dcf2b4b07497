import type { Request, RequestHandler } from 'express';
import { ProblemError } from '../problem.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that another site makes a browser send (CSRF). Browsers keep cookies per host and not per port, so every
 * port that takes the cookie needs this. For a request that can change something:
 *
 *     Sec-Fetch-Site    same-origin                        passes
 *                       same-site, cross-site              403
 *     Origin            PUBLIC_URL's, or the Host's own    passes
 *                       any other, also `null`             403
 *     neither           no cookie, or Authorization        passes: a program, which no site can trick into sending a secret
 *                       cookie alone                       403
 *
 * @param originOf the origin at which the browser reached us, by the request's headers
 */
export function refuseCrossSite(publicUrl: string, originOf: (req: Request) => string): RequestHandler {
  const publicOrigin = new URL(publicUrl).origin;
  return (req, _res, next) => {
    const isOwn = (origin: string) => origin === publicOrigin || origin === originOf(req);
    if (SAFE_METHODS.has(req.method) || isSameOrigin(req, isOwn)) return next();
    next(
      new ProblemError(
        'origin_forbidden',
        `Use the platform at ${publicOrigin}. Programs must send Authorization: Bearer instead of a cookie.`,
      ),
    );
  };
}

function isSameOrigin({ headers }: Request, isOwn: (origin: string) => boolean): boolean {
  switch (headers['sec-fetch-site']) {
    case 'same-origin':
      return true;
    case 'same-site':
    case 'cross-site':
      return false;
  }
  if (headers.origin !== undefined) return isOwn(headers.origin);
  return headers.cookie === undefined || headers.authorization !== undefined;
}
