import type { Session } from '@saas-codex/contracts/sessions';
import { useEffect } from 'react';
import { z } from 'zod';
import { createStore, useStore } from '../../shared/lib/store.js';
import { stored } from '../../shared/lib/stored.js';
import { type SessionState, sessionState } from './session-state.js';

/**
 * Which sessions have news since this browser last showed them: maps a session to the latest activity that was seen. A
 * session that was never opened here counts as seen, so that nothing old lights up in a new browser.
 */
const KEY = 'seen';
const LIMIT = 200;
const Seen = z.record(z.string(), z.string());
type Seen = z.infer<typeof Seen>;

function read(): Seen {
  try {
    return Seen.parse(JSON.parse(stored.read(KEY) ?? '{}'));
  } catch {
    return {};
  }
}

const seen = createStore(read());

/** The map with this session as the latest one. Beyond `LIMIT`, the sessions seen longest ago are dropped. */
export function withSeen(before: Seen, session: Pick<Session, 'session_id' | 'updated_at'>): Seen {
  const { [session.session_id]: _, ...others } = before;
  const entries = [...Object.entries(others), [session.session_id, session.updated_at] as const];
  return Object.fromEntries(entries.slice(-LIMIT));
}

export const isUnseen = (map: Seen, session: Pick<Session, 'session_id' | 'updated_at'>): boolean =>
  (map[session.session_id] ?? session.updated_at) < session.updated_at;

/** Marks the session's activity as seen while it is on the screen. */
export function useMarkSeen({ session_id, updated_at }: Session): void {
  useEffect(() => {
    const mark = () => {
      if (document.hidden) return;
      const next = withSeen(seen.read(), { session_id, updated_at });
      seen.write(next);
      stored.write(KEY, JSON.stringify(next));
    };
    mark();
    document.addEventListener('visibilitychange', mark);
    return () => document.removeEventListener('visibilitychange', mark);
  }, [session_id, updated_at]);
}

/** The state of a session, `news` if there is something new to read in it. */
export function useSessionState(session: Session): SessionState {
  const unseen = isUnseen(useStore(seen), session);
  const state = sessionState(session);
  return state === 'idle' && unseen ? 'news' : state;
}
