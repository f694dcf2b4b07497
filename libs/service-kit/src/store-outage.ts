import { types } from 'node:util';

/*
 * Recognises errors of the Postgres and Redis drivers that mean "unavailable, starting, or full". Such an outage is temporary
 * and not a bug of ours, so the client gets `store_unavailable` and tries again.
 */

/** Errors of the operating system: nothing listens, or the connection broke. */
const CONNECTION = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Codes of Postgres: connection (08), out of disk space or connections (53), shutdown, crash or startup (57P). */
const POSTGRES = /^(08|53|57P)/;
/** Errors of pg and ioredis that have no code. */
const SENTENCES = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect/,
  /^Client has encountered a connection error/,
  /^Connection is closed/,
  /^Command timed out/,
  /^Reached the max retries per request/,
];
/** Errors that Redis returns while it loads, is full, or cannot write. Older ones quote those of a script's command. */
const REDIS_REFUSAL = /(^|@user_script:.*-)(LOADING|OOM|MISCONF|READONLY|MASTERDOWN|CLUSTERDOWN) /;
const REDIS_FULL = /(^|@user_script:.*-)OOM /;

/** Whether a store could not be reached or could not do its work. */
export function isStoreOutage(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  return isUnreachable(error) || POSTGRES.test(codeOf(error)) || REDIS_REFUSAL.test(error.message);
}

/** Whether Redis refused a write because it may take no more memory. */
export const isRedisFull = (error: unknown): boolean =>
  types.isNativeError(error) && REDIS_FULL.test(error.message);

/** Whether a store sent no response. */
export function isUnreachable(error: Error): boolean {
  return CONNECTION.has(codeOf(error)) || SENTENCES.some((sentence) => sentence.test(error.message));
}

const codeOf = (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : '');
