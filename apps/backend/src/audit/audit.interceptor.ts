import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type AuditRule, auditRuleOf } from '@saas-codex/contracts/audit-operations';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { toProblem } from '@saas-codex/service-kit/problem.filter';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { operationIdOf } from '../api/operation-id.js';
import { findRequestContext, isByLink } from '../identity/request-context.js';
import { requestOrigin } from '../identity/request-origin.js';
import { AuditRefusals } from './audit-refusals.js';
import { RequestAudit } from './request-audit.js';

/** Problems that say that somebody tried what they may not do. */
const REFUSALS: readonly ProblemCode[] = [
  'forbidden',
  'person_required',
  'password_reset_forbidden',
  'password_wrong',
  'credentials_invalid',
  'sign_in_locked',
];

/**
 * Leaves the entry of every operation that is in AUDIT_OPERATIONS:
 *
 *     names are read ──► handler ──► done: the entry, unless a service has written it in its transaction
 *                           └──────► refused: CountedEntries
 *
 * It stands behind the one for idempotency keys, so a repeated request leaves no second entry.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly requests: RequestAudit,
    private readonly refusals: AuditRefusals,
  ) {}

  intercept(host: ExecutionContext, next: CallHandler): Observable<unknown> {
    const operation = operationIdOf(host.getHandler());
    const rule = operation === undefined ? undefined : auditRuleOf(operation);
    if (operation === undefined || rule === undefined) return next.handle();
    return from(this.audited(host.switchToHttp().getRequest<Request>(), operation, rule, next));
  }

  private async audited(
    req: Request,
    operation: string,
    rule: AuditRule,
    next: CallHandler,
  ): Promise<unknown> {
    const known = findRequestContext(req);
    // Readers by link only read.
    const ctx = known && !isByLink(known) ? known : undefined;
    const origin = requestOrigin(req);
    await this.requests.begin(ctx, origin, { rule, params: req.params, body: req.body as unknown });
    try {
      const answer: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.requests.finish(ctx, origin, answer);
      return answer;
    } catch (error) {
      const { code } = toProblem(error);
      if (REFUSALS.includes(code)) {
        if (ctx) this.refusals.refused(ctx, operation, code);
        else this.refusals.signIn(origin, req.body, code);
      }
      throw error;
    }
  }
}
