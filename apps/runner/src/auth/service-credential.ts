import { createHash, timingSafeEqual } from 'node:crypto';
import { ProblemError } from '@saas-codex/platform/problem';
import { sendProblem } from '@saas-codex/platform/problem.filter';
import type { RequestHandler } from 'express';

const OPEN_PATHS = new Set(['/health', '/ready']);
const digest = (text: string) => createHash('sha256').update(text).digest();

/** Lets in whoever sends `Authorization: Bearer SERVICE_TOKEN`, and anybody to the probes. */
export function requireServiceCredential(token: string): RequestHandler {
  // Digests have one length, so that the comparison tells nothing about the token.
  const expected = digest(`Bearer ${token}`);
  return (req, res, next) => {
    const given = req.headers.authorization ?? '';
    if (OPEN_PATHS.has(req.path) || timingSafeEqual(digest(given), expected)) return next();
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
