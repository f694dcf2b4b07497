import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { ProblemError } from '../problem.js';

/** Room for a prompt of 100,000 characters, also when each is escaped. */
const BODY_LIMIT = '1mb';

/** Reads JSON bodies. Refuses other kinds of body, and text that Postgres, Redis and UTF-8 cannot hold. */
export function acceptJson(app: NestExpressApplication): void {
  app.use(requireJson);
  app.useBodyParser('json', { limit: BODY_LIMIT });
  app.use(refuseBrokenText);
}

/** Answers 415 to a request whose body is not declared as JSON; without this the body would be silently ignored. */
function requireJson(req: Request, _res: Response, next: NextFunction): void {
  if (!hasBody(req) || req.is('application/json')) return next();
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

/** NUL, or half of a character outside the Basic Multilingual Plane without its other half. */
const BROKEN = /\0|\p{Surrogate}/u;

/**
 * In every text of the body, nested ones and keys included, and before anything is stored: an answer that quotes such a text
 * could not be stored either.
 */
function refuseBrokenText(req: Request, _res: Response, next: NextFunction): void {
  const at = findBrokenText(req.body);
  if (at === null) return next();
  const errors = [{ path: at, message: 'contains a NUL character or half of a surrogate pair' }];
  next(
    new ProblemError(
      'invalid_request',
      'The body has text that is not valid Unicode, or a NUL character. Remove it.',
      { errors },
    ),
  );
}

/** @returns JSON pointer to the first broken text, or to the object with a broken key; null when there is none */
function findBrokenText(body: unknown): string | null {
  const open: { path: string; value: unknown }[] = [{ path: '', value: body }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, value } = next;
    if (typeof value === 'string' && BROKEN.test(value)) return path || '/';
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, part] of Object.entries(value)) {
      if (BROKEN.test(key)) return path || '/';
      open.push({ path: `${path}/${key}`, value: part });
    }
  }
  return null;
}
