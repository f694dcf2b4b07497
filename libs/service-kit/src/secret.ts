import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Returns a constant-time comparison with `expected`. Digests have equal lengths, so not even the length leaks. */
export function sameSecretAs(expected: string): (given: string) => boolean {
  const known = digest(expected);
  return (given) => timingSafeEqual(digest(given), known);
}
