import { ProblemError } from '@saas-codex/service-kit/problem';
import type { NextFunction, Request, Response } from 'express';

export const BODY_LIMIT = '1mb';

/** A request with a body says that it is JSON: anything else is a 415 instead of a body that is silently ignored. */
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
