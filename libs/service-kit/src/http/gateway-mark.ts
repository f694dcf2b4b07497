import { createHmac } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { HEADERS } from '@saas-codex/contracts/http';
import { sameSecretAs } from '../secret.js';

/*
 * How a backend knows a request of a gateway, which has judged and counted it, from one that came to the backend's own port.
 *
 *     gateway ──X-Gateway-Mark: HMAC(password of Redis)──► backend    X-Forwarded-* count
 *     anything else ────────────────────────────────────► backend    X-Forwarded-* are dropped, limits apply
 *
 * Both have Redis's password, and whoever has it could reset the limits there anyway. So the mark grants nothing more. It says
 * nothing about who the caller is. With a Redis that has no password there is no secret, hence no mark: a gateway is then treated
 * like any other caller.
 */

const logger = new Logger('GatewayMark');
const NO_PASSWORD =
  'REDIS_URL has no password, so requests of gateways cannot be told from others: all people behind a gateway share the limits of ' +
  'one address, and sign-in works only at PUBLIC_URL. Give Redis a password and put it into REDIS_URL of every service.';
const FORWARDED = ['forwarded', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/** The mark of gateways that use this Redis. null: it has no password, so anybody could make the mark. */
export function gatewayMark(redisUrl: string): string | null {
  const { password } = new URL(redisUrl);
  if (password === '') return null;
  return createHmac('sha256', decodeURIComponent(password)).update('gateway').digest('base64url');
}

const marked = new WeakSet<Request>();

/** Whether the request came through a gateway. */
export const isFromGateway = (req: Request): boolean => marked.has(req);

/** Middleware of backends: recognises gateways, and drops what others say about where a request came from. */
export function recogniseGateway(redisUrl: string) {
  const mark = gatewayMark(redisUrl);
  const isMark = mark === null ? () => false : sameSecretAs(mark);
  if (mark === null) logger.warn(NO_PASSWORD);
  return (req: Request, _res: Response, next: NextFunction): void => {
    const given = req.headers[HEADERS.gatewayMark];
    if (typeof given === 'string' && isMark(given)) marked.add(req);
    else for (const name of FORWARDED) delete req.headers[name];
    delete req.headers[HEADERS.gatewayMark];
    next();
  };
}

/** The address of the client, by the gateway's word or by the connection itself. */
export function clientAddressOf(req: Request): string | undefined {
  const { 'x-forwarded-for': address } = req.headers;
  return isFromGateway(req) && typeof address === 'string' ? address : req.ip;
}

/** The origin at which a browser reached the product, by the gateway's word or by the request itself. */
export function originOf(req: Request): string {
  const { 'x-forwarded-proto': protocol, 'x-forwarded-host': host } = req.headers;
  return isFromGateway(req) ? `${String(protocol)}://${String(host)}` : `${req.protocol}://${req.host}`;
}
