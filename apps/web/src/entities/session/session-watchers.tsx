import type { Watcher } from '@saas-codex/contracts/presence';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { meQuery } from '../../shared/api/get-me.js';
import { Tooltip } from '../../shared/ui/tooltip.js';
import { endPresence, presenceQuery } from './api/presence.js';
import { sessionKeys } from './session-cache.js';

/** More are counted. */
const MAX_SHOWN = 3;

/** Who else watches the session now, by their initials. While it is shown, others see that this person does. */
export function SessionWatchers({ sessionId }: { sessionId: string }) {
  const { data: me } = useQuery(meQuery);
  const { data } = useQuery(presenceQuery(sessionId));
  const client = useQueryClient();
  useEffect(() => {
    // Nobody watches a session that was deleted, or became private to another person.
    const isThere = () => client.getQueryData(sessionKeys.detail(sessionId)) !== undefined;
    const leave = () => isThere() && endPresence(sessionId);
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [sessionId, client]);
  const others = (data?.watchers ?? [])
    .filter(({ user_id: id }) => me && id !== me.user.user_id)
    .toSorted((a, b) => a.name.localeCompare(b.name));
  if (others.length === 0) return null;
  const shown = others.length > MAX_SHOWN ? others.slice(0, MAX_SHOWN - 1) : others;
  const more = others.length - shown.length;
  return (
    <Tooltip label={`Watching now: ${others.map(({ name }) => name).join(', ')}`}>
      <ul aria-label="Watching now" className="flex shrink-0 -space-x-1.5">
        {shown.map((watcher) => (
          <Initials key={watcher.user_id} watcher={watcher} />
        ))}
        {more > 0 && <li className={DISC}>+{more}</li>}
      </ul>
    </Tooltip>
  );
}

const DISC =
  'flex size-6 items-center justify-center rounded-full border-2 border-background bg-muted text-2xs font-medium text-muted-foreground';

const Initials = ({ watcher: { name } }: { watcher: Watcher }) => (
  <li className={DISC}>
    <span aria-hidden>{initialsOf(name)}</span>
    <span className="sr-only">{name}</span>
  </li>
);

/** Of the first and the last word. */
export function initialsOf(name: string): string {
  const letters = name
    .trim()
    .split(/\s+/u)
    .map((word) => [...word][0] ?? '');
  return [letters[0], letters.length > 1 ? letters.at(-1) : ''].join('').toUpperCase();
}
