const FIRST_RETRY_MS = 400;
const MAX_RETRY_MS = 15_000;

/** The delay before attempt `n` (from 0), with jitter so that not all clients come back to a restarted server at once. */
export const retryDelay = (attempt: number, random = Math.random()): number =>
  Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS) * (0.75 + random / 2);
