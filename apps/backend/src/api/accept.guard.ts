import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { DECORATORS } from '@nestjs/swagger';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request } from 'express';

/** What `@ApiResponse` records of one answer. */
interface Answer {
  content?: Record<string, object>;
  standardSchema?: object;
}

/**
 * Refuses a request whose `Accept` excludes everything that its operation answers with, before the operation does anything.
 * What it answers with is read from its description, so both agree. Problems are sent whatever `Accept` says.
 */
@Injectable()
export class AcceptGuard implements CanActivate {
  canActivate(host: ExecutionContext): boolean {
    const types = answeredTypes(host.getHandler());
    const req = host.switchToHttp().getRequest<Request>();
    if (types.length === 0 || req.accepts([...types, ...plainTypes(types)]) !== false) return true;
    throw new ProblemError(
      'not_acceptable',
      `This operation answers with ${types.join(' or ')}. Accept that.`,
    );
  }
}

/** Who takes JSON takes what is JSON under a name of its own. */
const plainTypes = (types: readonly string[]): string[] =>
  types.some((type) => type.endsWith('+json')) ? ['application/json'] : [];

/** Media types of the successful answers; empty when they have no body, or are not described. */
function answeredTypes(handler: ReturnType<ExecutionContext['getHandler']>): string[] {
  const answers = (Reflect.getMetadata(DECORATORS.API_RESPONSE, handler) ?? {}) as Record<string, Answer>;
  return Object.entries(answers).flatMap(([status, { content, standardSchema }]) => {
    if (!status.startsWith('2')) return [];
    return content ? Object.keys(content) : standardSchema ? ['application/json'] : [];
  });
}
