import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { ProblemError } from '../problem.js';

/*
 * The one parser of request targets (RFC 9112, 3.2). Whatever follows (limits, routing, proxy) sees a path and a query.
 *
 *     /api/me?x=1                      origin form       as it is
 *     http://host/api/me?x=1           absolute form     /api/me?x=1, and the target's host replaces the Host header
 *     foo://host/…  //host/…  *        anything else     400
 */

const ABSOLUTE = /^https?:\/\/([^/?#@\\]+)([/?].*)?$/i;
const PATH = /^\/(?!\/)[!-~]*$/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(:[0-9]{1,5})?$/i;

export interface RequestTarget {
  /** Path and query: starts with one slash, its path is valid percent-encoding. */
  url: string;
  /** The host that an absolute target names; null for a target without one. */
  host: string | null;
}

/** @returns null for a target that no browser and no well-behaved client sends */
export function parseTarget(target: string): RequestTarget | null {
  const absolute = ABSOLUTE.exec(target);
  const [host, rest] = absolute ? [absolute[1] ?? '', absolute[2] ?? '/'] : [null, target];
  const url = rest.startsWith('?') ? `/${rest}` : rest;
  if (host !== null && !HOST.test(host)) return null;
  return PATH.test(url) && !/[#\\]/.test(url) && isWellEncoded(url) ? { url, host } : null;
}

/** A path that cannot be decoded, or that hides a NUL character, names nothing. */
function isWellEncoded(url: string): boolean {
  try {
    return !decodeURIComponent(url.split('?')[0] ?? '').includes('\0') && !/%00/.test(url);
  } catch {
    return false;
  }
}

/** Puts the parsed target into the request. Refuses odd targets, and requests that name no host or several. */
export function readTarget(req: Request, _res: Response, next: NextFunction): void {
  const target = parseTarget(req.url);
  if (!target) return next(new ProblemError('invalid_request', 'The address is not valid. Correct it.'));
  const hosts = hostHeaders(req);
  if (hosts > 1 || (hosts === 0 && req.httpVersion !== '1.0'))
    return next(new ProblemError('invalid_request', 'Send exactly one Host header.'));
  if (target.host !== null) req.headers.host = target.host;
  req.url = req.originalUrl = target.url;
  next();
}

const hostHeaders = ({ rawHeaders }: IncomingMessage): number =>
  rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;

/** Whether the request is for the API. Routes ignore case, and so does this. */
export const isApiPath = (path: string): boolean => /^\/api(\/|$)/i.test(path);
