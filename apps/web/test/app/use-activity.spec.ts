import { QueryClient } from '@tanstack/react-query';
import { followActivity } from '../../src/app/use-activity.js';
import { runKeys } from '../../src/entities/run/run-cache.js';
import { sessionKeys } from '../../src/entities/session/session-cache.js';
import { FakePage, FakeServer } from '../support/fake-server.js';
import { waitFor } from '@saas-codex/testing/wait-for';
// The page loads it when it needs it.
import '../../src/shared/sse/live-hub.js';

it('reads again what the page read before the stream stood', async () => {
  const server = new FakeServer();
  new FakePage(server).show(true);
  const client = new QueryClient();
  const keys = [sessionKeys.list(false), sessionKeys.detail('s'), runKeys.list('s')];
  const outdated = () => keys.map((key) => client.getQueryState(key)?.isInvalidated);
  for (const key of keys) client.setQueryData(key, { pages: [] });

  const close = followActivity(client);
  expect(outdated()).toEqual([false, false, false]);
  await waitFor(() => server.connections.length > 0, { what: 'the page to connect' });
  await server.last.open();
  expect(outdated()).toEqual([true, true, true]);
  close();
  client.clear();
});
