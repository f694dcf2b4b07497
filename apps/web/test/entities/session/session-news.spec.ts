import type { SessionUpdatedActivity } from '@saas-codex/contracts/activity';
import type { NeedsYou } from '@saas-codex/contracts/needs-you';
import type { Session } from '@saas-codex/contracts/sessions';
import { newsOf } from '../../../src/entities/session/session-news.js';

const [OLD, BEFORE, NOW] = [
  '2026-01-01T09:00:00.000Z',
  '2026-01-01T10:00:00.000Z',
  '2026-01-01T10:00:05.000Z',
];
const SESSION = {
  session_id: 's',
  status: 'ready',
  active_run_id: null,
  queued_runs: 0,
  owner_id: 'ada',
  last_run_by: 'ben',
  last_run_status: 'succeeded',
  needs_you: null,
  news_at: OLD,
} as Session;
const need = (reason: NeedsYou['reason'], since = NOW): Partial<Session> => ({
  last_run_status: 'failed',
  needs_you: { reason, since, user_ids: ['ada', 'ben'] },
});
const told = (change: Partial<Session>, to = 'ada', before: Session | undefined = SESSION) =>
  newsOf({ at: NOW, session: { ...SESSION, ...change } } as SessionUpdatedActivity, before, to);

it('tells the owner and the author that a prompt is done, and nobody else', () => {
  const done = { kind: 'done', key: `s done ${NOW}`, text: 'Done' };
  expect([told({ news_at: NOW }), told({ news_at: NOW }, 'ben')]).toEqual([done, done]);
  expect(told({ news_at: NOW }, 'cy')).toBeNull();
  expect(told({ news_at: NOW, queued_runs: 1 })).toBeNull();
  expect(told({ news_at: NOW, last_run_status: 'cancelled' })).toBeNull();
});

it('tells those who are concerned that a session waits for them, or has failed', () => {
  expect(told(need('run_failed'))).toMatchObject({ kind: 'failed', text: 'The last prompt failed' });
  expect(told(need('limit_reached'), 'ben')).toMatchObject({
    kind: 'waits',
    text: 'Waits at a limit',
  });
  expect(told(need('approval' as never), 'ben')).toMatchObject({ kind: 'waits', text: 'Waits for you' });
  expect(told(need('run_failed'), 'cy')).toBeNull();
});

it('tells nothing that the page knew, that the person has just done, or that happened long ago', () => {
  expect(told({ title: 'Renamed' })).toBeNull();
  expect(told(need('run_failed'), 'ada', { ...SESSION, ...need('run_failed') })).toBeNull();
  expect(told(need('queue_held'))).toBeNull();
  expect(told(need('run_failed', OLD))).toBeNull();
  expect(told({ news_at: OLD }, 'ada', undefined)).toBeNull();
  expect(told({ news_at: BEFORE }, 'ada', undefined)).toMatchObject({ kind: 'done' });
});
