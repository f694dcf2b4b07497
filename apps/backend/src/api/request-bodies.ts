import { ProblemError } from '@saas-codex/service-kit/problem';
import type { NextFunction, Request, Response } from 'express';

export const BODY_LIMIT = '1mb';

/** Answers 415 to a request whose body is not declared as JSON; without this the body would be silently ignored. */
export function requireJson(req: Request, _res: Response, next: NextFunction): void {
  if (!hasBody(req) || req.is('application/json')) next();
  else
    next(
      new ProblemError(
        'unsupported_media_type',
        'Send the body as JSON, with "Content-Type: application/json".',
      ),
    );
}

/** Browsers send `content-length: 0` with a POST that has no body. */
const hasBody = ({ headers }: Request): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
