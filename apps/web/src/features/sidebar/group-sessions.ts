import type { Session } from '@saas-codex/contracts/sessions';
import { type SessionState, sessionState } from '../../entities/session/session-state.js';

export const NEEDS_YOU = 'Needs you';

export interface SessionGroup {
  label: string;
  sessions: Session[];
}

const IN_PROGRESS: ReadonlySet<SessionState> = new Set([
  'setting-up',
  'running',
  'at-limit',
  'asks',
  'queued',
]);

/**
 * Groups a list, latest activity first: what waits for the reader, what is in progress, and the rest into Today,
 * Yesterday, … by the reader's local calendar.
 * @param waiting those that wait for the reader, also from further down the list
 */
export function groupSessions(
  sessions: readonly Session[],
  now: number,
  waiting: readonly Session[] = [],
): SessionGroup[] {
  const needsYou: SessionGroup = { label: NEEDS_YOU, sessions: [...waiting] };
  const waitingIds = new Set(waiting.map(({ session_id: id }) => id));
  const inProgress: SessionGroup = { label: 'In progress', sessions: [] };
  const byDay: SessionGroup[] = [];
  for (const session of sessions) {
    if (waitingIds.has(session.session_id)) continue;
    const state = sessionState(session);
    if (IN_PROGRESS.has(state)) inProgress.sessions.push(session);
    else addToDay(byDay, session, now);
  }
  return [needsYou, inProgress, ...byDay].filter((group) => group.sessions.length > 0);
}

function addToDay(groups: SessionGroup[], session: Session, now: number): void {
  const label = labelOf(new Date(session.updated_at), new Date(now));
  const last = groups.at(-1);
  if (last?.label === label) last.sessions.push(session);
  else groups.push({ label, sessions: [session] });
}

function labelOf(day: Date, now: Date): string {
  const age = daysBetween(day, now);
  if (age <= 0) return 'Today';
  if (age === 1) return 'Yesterday';
  if (age < 7) return 'Last 7 days';
  if (age < 30) return 'Last 30 days';
  const sameYear = day.getFullYear() === now.getFullYear();
  return day.toLocaleDateString(undefined, { month: 'long', ...(!sameYear && { year: 'numeric' }) });
}

/** In calendar days. Rounding absorbs the hour of a daylight-saving change. */
const daysBetween = (from: Date, to: Date): number =>
  Math.round((midnight(to) - midnight(from)) / 86_400_000);
const midnight = (date: Date): number =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
