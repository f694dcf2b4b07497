import { ProblemError } from '@saas-codex/platform/problem';
import type { NextFunction, Request, Response } from 'express';

export const BODY_LIMIT = '1mb';

/** A request with a body says that it is JSON: anything else is a 415 instead of a body that is silently ignored. */
export function requireJson(req: Request, _res: Response, next: NextFunction): void {
  // `is` answers null for a request without a body.
  if (req.is('application/json') !== false) next();
  else
    next(
      new ProblemError(
        'unsupported_media_type',
        'Send the body as JSON, with "Content-Type: application/json".',
      ),
    );
}
