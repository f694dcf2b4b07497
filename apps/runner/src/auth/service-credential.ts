import { ProblemError } from '@saas-codex/service-kit/problem';
import { sendProblem } from '@saas-codex/service-kit/problem.filter';
import { sameSecretAs } from '@saas-codex/service-kit/secret';
import type { RequestHandler } from 'express';

const OPEN_PATHS = new Set(['/health', '/ready']);

/** Requires `Authorization: Bearer SERVICE_TOKEN`, except for the probes. */
export function requireServiceCredential(token: string): RequestHandler {
  const isGranted = sameSecretAs(`Bearer ${token}`);
  return (req, res, next) => {
    const given = req.headers.authorization ?? '';
    if (OPEN_PATHS.has(req.path) || isGranted(given)) return next();
    sendProblem(
      req,
      res,
      new ProblemError(
        'unauthenticated',
        'This API is internal: send the service credential as a bearer token.',
      ),
    );
  };
}
