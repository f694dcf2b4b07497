import '../support/browser-globals.js';
import type { Me } from '@saas-codex/contracts/identity';
import { QueryClient } from '@tanstack/react-query';
import { followActivity } from '../../src/app/use-activity.js';
import { runKeys } from '../../src/entities/run/run-cache.js';
import { readAtOf, sessionKeys } from '../../src/entities/session/session-cache.js';
import { meQuery } from '../../src/shared/api/get-me.js';
import { FakePage, FakeServer } from '../support/fake-server.js';
import { waitFor } from '@saas-codex/testing/wait-for';
// The page loads it when it needs it.
import '../../src/shared/sse/live-hub.js';

const server = new FakeServer();
new FakePage(server).show(true);
const client = new QueryClient();
let close: () => void;

afterAll(() => {
  close();
  client.clear();
});

it('reads again what the page read before the stream stood', async () => {
  const keys = [sessionKeys.list(false), sessionKeys.detail('s'), runKeys.list('s')];
  const outdated = () => keys.map((key) => client.getQueryState(key)?.isInvalidated);
  for (const key of keys) client.setQueryData(key, { pages: [] });

  close = followActivity(client);
  expect(outdated()).toEqual([false, false, false]);
  await waitFor(() => server.connections.length > 0, { what: 'the page to connect' });
  await server.last.open();
  expect(outdated()).toEqual([true, true, true]);
});

it('drops a session that became private, unless it is of this person', async () => {
  client.setQueryData<Me>(meQuery.queryKey, {
    user: { user_id: 'ada', name: 'Ada', email: 'ada@example.com' },
    tenant: { tenant_id: 't', name: 'Acme' },
    role: 'member',
  });
  const [mine, ofBen] = ['01a20ab5-ad03-774a-840c-f8dd44ecbc31', '01a20ab5-ad03-774a-840c-f8dd44ecbc32'];
  for (const id of [mine, ofBen]) client.setQueryData(sessionKeys.detail(id), { title: 'Shown' });
  const hidden = { v: 1, type: 'session.hidden', tenant_id: 't', at: '2026-01-01T10:00:00.000Z' };
  await server.last.send('session.hidden', '1-0', { ...hidden, session_id: mine, owner_id: 'ada' });
  await server.last.send('session.hidden', '2-0', { ...hidden, session_id: ofBen, owner_id: 'ben' });
  await waitFor(() => client.getQueryData(sessionKeys.detail(ofBen)) === undefined);
  expect(client.getQueryData(sessionKeys.detail(mine))).toEqual({ title: 'Shown' });
});

it('knows when the person has read a session on another device', async () => {
  const session_id = '01a20ab5-ad03-774a-840c-f8dd44ecbc34';
  const [before, after] = ['2026-01-01T10:00:00.000Z', '2026-01-01T11:00:00.000Z'];
  const session = { session_id, status: 'ready', updated_at: before, news_at: after, read_at: before };
  client.setQueryData(sessionKeys.list(false), { pages: [{ items: [session], next_cursor: null }] });
  const activity = { v: 1, type: 'session.read', tenant_id: 't', at: after, user_id: 'ada' };
  await server.last.send('session.read', '2-1', { ...activity, session_id, read_at: after });
  await waitFor(() => readAtOf(client, session_id) === after);
});

it('shows who watches a session as soon as somebody comes', async () => {
  const session_id = '01a20ab5-ad03-774a-840c-f8dd44ecbc33';
  const [ada, ben] = [
    { user_id: 'ada', name: 'Ada' },
    { user_id: 'ben', name: 'Ben' },
  ];
  client.setQueryData(sessionKeys.presence(session_id), { watchers: [ada] });
  const activity = { v: 1, type: 'session.presence', tenant_id: 't', at: '2026-01-01T10:00:00.000Z' };
  await server.last.send('session.presence', '3-0', { ...activity, session_id, watchers: [ada, ben] });
  await waitFor(() => client.getQueryState(sessionKeys.presence(session_id))?.dataUpdateCount === 2);
  expect(client.getQueryData(sessionKeys.presence(session_id))).toEqual({ watchers: [ada, ben] });
});
