import type { Session } from '@saas-codex/contracts/sessions';

export interface SessionGroup {
  label: string;
  sessions: Session[];
}

/** Groups a list, latest activity first, into Today, Yesterday, … by the reader's local calendar. */
export function groupSessions(sessions: readonly Session[], now: number): SessionGroup[] {
  const groups: SessionGroup[] = [];
  for (const session of sessions) {
    const label = labelOf(new Date(session.updated_at), new Date(now));
    const last = groups.at(-1);
    if (last?.label === label) last.sessions.push(session);
    else groups.push({ label, sessions: [session] });
  }
  return groups;
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
