import type { SessionUpdatedActivity } from '@saas-codex/contracts/activity';
import type { Session } from '@saas-codex/contracts/sessions';
import type { NotificationKind } from '../../shared/notifications/consent.js';
import { needsYouText } from './needs-you.js';
import { waitsFor } from './session-cache.js';

/** Something happened that a person may be told of, wherever they are. */
export interface SessionNews {
  kind: NotificationKind;
  /** The same in every tab that hears of it. */
  key: string;
  text: string;
}

/** What is older when it is told was told before, or is shown again. */
const FRESH_MS = 120_000;
const FAILURES: ReadonlySet<string> = new Set(['run_failed', 'session_failed']);
/** A person has just stopped the prompt, and knows. */
const UNTOLD = 'queue_held';

/**
 * What an activity tells this person.
 * @param before the session as the page had it; undefined: the page did not know it
 * @returns null when there is nothing new, or nothing that concerns this person
 */
export function newsOf(
  { session, at }: SessionUpdatedActivity,
  before: Session | undefined,
  userId: string,
): SessionNews | null {
  const { session_id: id, needs_you: need, news_at: newsAt } = session;
  const isFresh = (since: string) => Date.parse(at) - Date.parse(since) < FRESH_MS;
  if (need && waitsFor(session, userId)) {
    const isKnown = before?.needs_you?.since === need.since && before.needs_you.reason === need.reason;
    if (isKnown || need.reason === UNTOLD || !isFresh(need.since)) return null;
    const kind = FAILURES.has(need.reason) ? 'failed' : 'waits';
    return { kind, key: `${id} ${need.reason} ${need.since}`, text: needsYouText(need) };
  }
  const isTheirs = session.owner_id === userId || session.last_run_by === userId;
  const isIdle = session.active_run_id === null && session.queued_runs === 0;
  const isDone = session.last_run_status === 'succeeded' && isTheirs && isIdle;
  if (!isDone || newsAt === undefined || before?.news_at === newsAt || !isFresh(newsAt)) return null;
  return { kind: 'done', key: `${id} done ${newsAt}`, text: 'Done' };
}
