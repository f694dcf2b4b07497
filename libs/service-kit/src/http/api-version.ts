import { API_VERSIONS, CURRENT_API_VERSION, HEADERS } from '@saas-codex/contracts/http';
import type { NextFunction, Request, Response } from 'express';
import { ProblemError } from '../problem.js';

/** Names the version of the API in every answer. Refuses a request for a version that does not exist. */
export function answerVersion(req: Request, res: Response, next: NextFunction): void {
  const asked = req.headers[HEADERS.apiVersion] ?? CURRENT_API_VERSION;
  const version = API_VERSIONS.find((known) => known === asked);
  res.setHeader(HEADERS.apiVersion, version ?? CURRENT_API_VERSION);
  if (version !== undefined) return next();
  next(
    new ProblemError(
      'api_version_unknown',
      `Send one of these versions as Saas-Codex-Version, or leave it out: ${API_VERSIONS.join(', ')}.`,
    ),
  );
}
