import { SHARED_PATH } from '@saas-codex/contracts/sharing';
import type { NextFunction, Request, Response } from 'express';

const SHARED = new RegExp(`^${SHARED_PATH}/([0-9a-f-]{36})(/[^?]*.*)$`);

const links = new WeakMap<Request, string>();

/** The id of the link through which this request comes; undefined: it does not come through a link. */
export const shareLinkOf = (req: Request): string | undefined => links.get(req);

/** For whatever a link shows: no search engine lists it, and no other site learns its address. */
export function hideShared(res: Response): void {
  res.setHeader('referrer-policy', 'no-referrer');
  res.setHeader('x-robots-tag', 'noindex');
}

/**
 * Middleware: the routes of a session under the path of a link, where the link's cookie is sent. Such a request has no other
 * credential, whatever else it carries.
 */
export function routeShared(req: Request, res: Response, next: NextFunction): void {
  const [, shareLinkId, rest] = SHARED.exec(req.url) ?? [];
  if (shareLinkId !== undefined && rest !== undefined) {
    links.set(req, shareLinkId);
    req.url = `/api${rest}`;
    hideShared(res);
  }
  next();
}
