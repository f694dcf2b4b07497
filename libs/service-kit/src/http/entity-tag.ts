import { createHash } from 'node:crypto';
import { ProblemError } from '../problem.js';

/*
 * Entity tags (RFC 9110, 8.8). Ours are strong: the same tag means the same bytes. `If-Match` compares strongly, so a weak tag,
 * for example one that a compressing proxy has weakened, never matches.
 */

const LIST = /^\s*(?:\*|(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*)\s*$/;
const TAG = /(?:W\/)?"[^"]*"/g;

/** The tag of a representation: `"` + hash of its bytes + `"`. */
export const entityTag = (body: string | Buffer): string =>
  `"${createHash('sha256').update(body).digest('base64url')}"`;

/**
 * @param ifMatch the `If-Match` header; undefined: the request is unconditional
 * @param current what a GET would answer now
 * @throws ProblemError precondition_failed, invalid_request
 */
export function requireMatch(ifMatch: string | undefined, current: object): void {
  if (ifMatch === undefined) return;
  if (!LIST.test(ifMatch)) {
    throw new ProblemError('invalid_request', 'If-Match must be * or a list of entity tags like "abc".');
  }
  const tag = entityTag(JSON.stringify(current));
  if (ifMatch.trim() === '*' || [...ifMatch.matchAll(TAG)].some(([given]) => given === tag)) return;
  throw new ProblemError(
    'precondition_failed',
    'It has changed since you read it. Read it again, and repeat the request with its ETag.',
  );
}
