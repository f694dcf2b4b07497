import { types } from 'node:util';

/*
 * Postgres and Redis may be away, starting, or full for a while. Whatever met that says so in words of its driver; it is
 * no mistake of ours, and passes: the client is told to try again (`store_unavailable`).
 */

/** Of the system: nobody listens, or the connection broke. */
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
/** Of Postgres: connections (08), no room or connections (53), an end by its operator, crash or start (57P). */
const POSTGRES = /^(08|53|57P)/;
/** What pg and ioredis say without a code. */
const SENTENCES = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect/,
  /^Client has encountered a connection error/,
  /^Connection is closed/,
  /^Command timed out/,
  /^Reached the max retries per request/,
];
/** What Redis answers while it loads, is full, or cannot write. */
const REDIS_REFUSAL = /^(LOADING|OOM|MISCONF|READONLY|MASTERDOWN|CLUSTERDOWN) /;

/** Whether a store could not be reached, or could not answer. */
export function isStoreOutage(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  return isUnreachable(error) || POSTGRES.test(codeOf(error)) || REDIS_REFUSAL.test(error.message);
}

/** Whether nothing came back from a store. */
export function isUnreachable(error: Error): boolean {
  return CONNECTION.has(codeOf(error)) || SENTENCES.some((sentence) => sentence.test(error.message));
}

const codeOf = (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : '');
