import { asDetail } from './bounds.js';

/**
 * Why a forge did not do what it was asked.
 *
 *     token_refused   it does not take the token: expired, revoked, or mistyped
 *     forbidden       it takes the token, which may not do this
 *     not_found       there is nothing there, or the token may not see it
 *     conflict        what is there does not fit, such as a branch that has moved (405, 409)
 *     invalid         it refuses what was sent (400, 422); `detail` has its words
 *     rate_limited    it wants to be left alone until `retryAt`
 *     unavailable     no answer, or a broken one: whether it has acted is not known
 *     address         the address is not allowed, or there is no such host
 */
export type ForgeFailure =
  | 'token_refused'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'invalid'
  | 'rate_limited'
  | 'unavailable'
  | 'address';

export class ForgeError extends Error {
  override name = 'ForgeError';
  readonly detail: string;

  /**
   * @param detail for a person. Never a token, a header or an address with either
   * @param retryAt when the forge wants to be asked again; null: it does not say
   */
  constructor(
    readonly reason: ForgeFailure,
    detail: string,
    readonly retryAt: Date | null = null,
  ) {
    super(`${reason}: ${asDetail(detail)}`);
    this.detail = asDetail(detail);
  }

  /** The same call may work later, without anybody changing anything. */
  get isPassing(): boolean {
    return this.reason === 'rate_limited' || this.reason === 'unavailable';
  }
}

/** null in place of `not_found`. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ForgeError && error.reason === 'not_found') return null;
    throw error;
  }
}

interface Refusal {
  status: number;
  headers: Record<string, string | number | undefined>;
  /** What the forge says. */
  message: string;
}

const MAX_MESSAGE = 300;

/** What an answer of status 300 or more means, at any forge. @param host as people know the forge */
export function forgeErrorOf(
  host: string,
  { status, headers, message }: Refusal,
  now = Date.now(),
): ForgeError {
  const words = message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_MESSAGE);
  const wait = waitOf(headers, now);
  // A time that is over says nothing about the next one, and is no reason to ask at once.
  const retryAt = wait !== null && wait > 0 && wait <= MAX_WAIT_MS ? new Date(now + wait) : null;
  const isLimit = status === 429 || (status === 403 && (wait !== null || /rate limit/i.test(message)));
  if (isLimit)
    return new ForgeError(
      'rate_limited',
      `${host} limits requests. It is asked again when it allows it.`,
      retryAt,
    );
  if (status === 401)
    return new ForgeError(
      'token_refused',
      `${host} does not take the token any more: it may have expired or been revoked. Replace it under ${FORGES_PAGE}.`,
    );
  if (status === 403)
    return new ForgeError(
      'forbidden',
      `The token for ${host} may not do this (“${words}”). Give it the right at the forge, then test it under ${FORGES_PAGE}.`,
    );
  if (status === 404 || status === 410)
    return new ForgeError('not_found', `${host} knows no such thing, or the token may not see it.`);
  if (status === 405 || status === 409) return new ForgeError('conflict', `${host} answers: “${words}”.`);
  if (status >= 400 && status < 500) return new ForgeError('invalid', `${host} answers: “${words}”.`);
  return new ForgeError(
    'unavailable',
    `${host} answered with the status ${status}. Try again later.`,
    retryAt,
  );
}

/** Where a person mends it. */
export const FORGES_PAGE = 'Settings → Forges';

/** Whatever is longer is no time that a forge means. */
const MAX_WAIT_MS = 366 * 24 * 60 * 60_000;
/** Below it, a number of seconds counts from now, as the draft of the standard has it. Above it, since 1970. */
const FIRST_EPOCH_S = 1_000_000_000;

/**
 * How long the forge wants to be left alone. `retry-after` is in seconds or a date. `x-ratelimit-reset` and `ratelimit-reset` count
 * when nothing is left until then.
 * @returns milliseconds; 0 or less: it is over. null: it does not say
 */
function waitOf(headers: Refusal['headers'], now: number): number | null {
  const after = headers['retry-after'];
  if (after !== undefined) {
    const seconds = Number(after);
    const wait = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(String(after)) - now;
    return Number.isNaN(wait) ? null : wait;
  }
  const left = headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining'];
  const reset = Number(headers['x-ratelimit-reset'] ?? headers['ratelimit-reset']);
  if (left === undefined || Number(left) !== 0 || !(reset >= 0)) return null;
  return reset < FIRST_EPOCH_S ? reset * 1_000 : reset * 1_000 - now;
}
