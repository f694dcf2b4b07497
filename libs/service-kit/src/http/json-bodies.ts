import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { ProblemError } from '../problem.js';

/** Room for a prompt of 100,000 characters, also when each is escaped. */
const BODY_LIMIT = '1mb';

/** JSON, and JSON by the name that directories give it. */
const JSON_TYPES = ['application/json', 'application/scim+json'];

/**
 * Reads JSON bodies. Refuses other kinds of body, text that Postgres, Redis and UTF-8 cannot hold, and endless nesting.
 * @param takesBytes whether a request's body is left for its route to read, unless it is declared as JSON
 */
export function acceptJson(
  app: NestExpressApplication,
  takesBytes: (req: Request) => boolean = () => false,
): void {
  app.use((req: Request, res: Response, next: NextFunction) =>
    takesBytes(req) ? next() : requireJson(req, res, next),
  );
  app.useBodyParser('json', { limit: BODY_LIMIT, type: JSON_TYPES });
  app.use(refuseBroken);
}

/** Answers 415 to a request whose body is not declared as JSON; without this the body would be silently ignored. */
function requireJson(req: Request, _res: Response, next: NextFunction): void {
  if (!hasBody(req) || req.is(JSON_TYPES)) return next();
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

/** Levels of objects and arrays. Code that goes through a body by recursion has no room for any number of them. */
const MAX_DEPTH = 100;

/** NUL, or half of a character outside the Basic Multilingual Plane without its other half. */
const BROKEN = /\0|\p{Surrogate}/u;

const BROKEN_TEXT = {
  detail: 'The body has text that is not valid Unicode, or a NUL character. Remove it.',
  message: 'contains a NUL character or half of a surrogate pair',
};
const TOO_DEEP = {
  detail: 'The body has too many objects and arrays within each other. Send what the API describes.',
  message: `is more than ${MAX_DEPTH} levels deep`,
};

interface Fault {
  /** JSON pointer to the broken text, or to the object with a broken key. */
  path: string;
  detail: string;
  message: string;
}

/**
 * In every text of the body, nested ones and keys included, and before anything is stored: an answer that quotes such a text
 * could not be stored either.
 */
function refuseBroken(req: Request, _res: Response, next: NextFunction): void {
  const fault = findFault(req.body);
  if (!fault) return next();
  const { path, detail, message } = fault;
  next(new ProblemError('invalid_request', detail, { errors: [{ path: path || '/', message }] }));
}

function findFault(body: unknown): Fault | null {
  const open: { path: string; depth: number; value: unknown }[] = [{ path: '', depth: 0, value: body }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, depth, value } = next;
    if (typeof value === 'string' && BROKEN.test(value)) return { path, ...BROKEN_TEXT };
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) return { path, ...TOO_DEEP };
    for (const [key, part] of Object.entries(value)) {
      if (BROKEN.test(key)) return { path, ...BROKEN_TEXT };
      open.push({ path: `${path}/${key}`, depth: depth + 1, value: part });
    }
  }
  return null;
}
