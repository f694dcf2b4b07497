import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { HEADERS } from '@saas-codex/contracts/http';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request, Response } from 'express';
import { Authentication } from './authentication.js';
import { PUBLIC_ROUTE } from './public.decorator.js';
import { setRequestContext } from './request-context.js';

/** Global: no route answers without a credential, unless it is marked `@Public()`. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: Authentication,
  ) {}

  async canActivate(host: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC_ROUTE, [host.getHandler(), host.getClass()]))
      return true;
    const http = host.switchToHttp();
    const [req, res] = [http.getRequest<Request>(), http.getResponse<Response>()];
    // What somebody gets depends on who they are: no cache between us may give it to others.
    res.setHeader('cache-control', 'private, no-cache');
    const member = await this.authentication.identify(req, res);
    if (!member) throw unauthenticated();
    const traceparent = req.headers[HEADERS.traceparent];
    setRequestContext(req, {
      ...member,
      requestId: String(req.headers[HEADERS.requestId]),
      ...(typeof traceparent === 'string' && { traceparent }),
    });
    return true;
  }
}

const unauthenticated = () =>
  new ProblemError('unauthenticated', 'Open a sign-in link, or send "Authorization: Bearer <API token>".', {
    headers: { 'www-authenticate': 'Bearer realm="saas-codex"' },
  });
