import { jest } from '@jest/globals';
import { live } from '../../../src/shared/sse/live.js';
import { FakePage, FakeServer, REAL_STREAMS, settle } from '../../support/fake-server.js';
// The page loads it when it needs it.
import '../../../src/shared/sse/live-hub.js';

/** A browser without a SharedWorker: the page has a hub of its own. */
let page: FakePage;
let server: FakeServer;
let stop: () => void;
let position = { seq: 0, delta: 0 };

const pass = async (milliseconds: number) => {
  await settle();
  jest.advanceTimersByTime(milliseconds);
  await settle();
};

beforeAll(async () => {
  jest.useFakeTimers(REAL_STREAMS);
  server = new FakeServer();
  page = new FakePage(server);
  stop = live.watchRun('a', {
    position: () => position,
    onEvent: (data) =>
      (position = { seq: Number.parseInt((JSON.parse(data) as { id: string }).id), delta: 0 }),
    onEnd: () => undefined,
    onError: () => undefined,
  });
  await settle();
  await pass(50);
  await server.last.open();
});
afterAll(async () => {
  stop();
  await settle();
  await pass(50);
  expect(server.last.closed).toBe(true);
  jest.useRealTimers();
});

it('keeps the connection of a tab that was hidden for a moment', async () => {
  page.show(false);
  await pass(5_000);
  page.show(true);
  await pass(30_000);
  expect(server.connections).toHaveLength(1);
  expect(server.last.closed).toBe(false);
});

it('closes while the tab is hidden and resumes when it is visible again', async () => {
  await server.last.send('run', '', { id: '2-0', event: { run_id: 'a' } });
  page.show(false);
  await pass(20_000);
  await pass(50);
  expect(server.last.closed).toBe(true);
  expect(server.connections).toHaveLength(1);
  page.show(true);
  await pass(50);
  expect(server.last.url).toBe('/api/events?runs=a@2-0');
});

it('leaves when the page is closed, and comes back when it is shown again', async () => {
  await server.last.open();
  page.dispatchEvent(new Event('pagehide'));
  await pass(50);
  expect(server.last.closed).toBe(true);
  page.dispatchEvent(new Event('pageshow'));
  await pass(50);
  expect(server.last.closed).toBe(false);
});
