import '../../support/browser-globals.js';
import type { Session } from '@saas-codex/contracts/sessions';
import { isUnread, listedState } from '../../../src/entities/session/read-state.js';

const [EARLY, LATE] = ['2026-01-01T10:00:00.000Z', '2026-01-01T10:00:00.001Z'];

it('finds news after the person last read the session, and none in one that they do not follow', () => {
  expect(isUnread({ read_at: EARLY, news_at: LATE })).toBe(true);
  expect(isUnread({ read_at: LATE, news_at: LATE })).toBe(false);
  expect(isUnread({ read_at: null, news_at: LATE })).toBe(false);
  expect(isUnread({ news_at: LATE })).toBe(false);
  expect(isUnread({ read_at: EARLY })).toBe(false);
});

it('shows news in place of nothing, and not in place of what goes on', () => {
  const session = { status: 'ready', read_at: EARLY, news_at: LATE } as Session;
  expect(listedState(session)).toBe('news');
  expect(listedState({ ...session, read_at: LATE })).toBe('idle');
  expect(listedState({ ...session, active_run_id: 'r' })).toBe('running');
});
