import { jest } from '@jest/globals';
import type { ApiError } from '../../../src/shared/api/api-error.js';
import { followEventStream, retryDelay, type StreamMessage } from '../../../src/shared/sse/event-stream.js';
import { FakePage, FakeServer, REAL_STREAMS, settle } from '../../support/fake-server.js';

const received: StreamMessage[] = [];
const onEnd = jest.fn();
const onOpen = jest.fn();
const onLost = jest.fn<(refusal: ApiError | null) => void>();
let page: FakePage;
let server: FakeServer;
let close: () => void;

const pass = async (milliseconds: number) => {
  jest.advanceTimersByTime(milliseconds);
  await settle();
};

beforeEach(() => {
  jest.useFakeTimers(REAL_STREAMS);
  server = new FakeServer();
  page = new FakePage(server);
  received.length = 0;
  jest.clearAllMocks();
  close = followEventStream({
    url: '/events',
    onMessage: (message) => received.push(message),
    onOpen,
    onEnd,
    onLost,
  });
});
afterEach(() => {
  close();
  jest.useRealTimers();
});

it('resumes after the last event that it received', async () => {
  await server.last.open();
  await server.last.send('item.completed', '7');
  await server.last.lose();
  await pass(retryDelay(0, 1));
  expect(server.connections.map(({ url, after }) => [url, after])).toEqual([
    ['/events', null],
    ['/events', '7'],
  ]);
  await server.last.open();
  expect(onOpen.mock.calls).toEqual([[false], [true]]);
});

it('receives events of every type, known or not', async () => {
  await server.last.open();
  await server.last.send('approval.requested', '3', { question: 'May I?' });
  expect(received).toEqual([{ id: '3', type: 'approval.requested', data: '{"question":"May I?"}' }]);
});

it("takes Codex's error event as an event, not as a lost connection", async () => {
  await server.last.open();
  await server.last.send('error', '3', { message: 'm' });
  expect(received).toEqual([{ id: '3', type: 'error', data: '{"message":"m"}' }]);
  expect(server.last.closed).toBe(false);
});

it('gives up a connection that went silent, but not one with heartbeats', async () => {
  await server.last.open();
  await pass(30_000);
  await server.last.send('heartbeat');
  await pass(30_000);
  expect(server.last.closed).toBe(false);
  await pass(10_000);
  expect(server.last.closed).toBe(true);
  await pass(retryDelay(0, 1));
  expect(server.connections).toHaveLength(2);
  expect(received).toEqual([]);
});

it('waits longer after each failure, and not at all when the network comes back', async () => {
  await server.last.lose();
  await pass(retryDelay(0, 1));
  await server.last.lose();
  await pass(retryDelay(1, 0) - 1);
  expect(server.connections).toHaveLength(2);
  page.dispatchEvent(new Event('online'));
  expect(server.connections).toHaveLength(3);
});

it('says why the server refused it, and tries again', async () => {
  const problem = { type: 'about:blank', title: 't', status: 401, code: 'unauthenticated', detail: 'd' };
  await server.last.respond(Response.json(problem, { status: 401 }));
  expect(onLost.mock.lastCall?.[0]).toMatchObject({ status: 401, code: 'unauthenticated' });
  await pass(retryDelay(0, 1));
  await server.last.respond(new Response('nothing here', { status: 404 }));
  expect(onLost.mock.lastCall?.[0]).toMatchObject({ status: 404 });
  await pass(retryDelay(1, 1));
  await server.last.lose();
  expect(onLost.mock.lastCall).toEqual([null]);
  await pass(retryDelay(2, 1));
  expect(server.connections).toHaveLength(4);
  expect(onOpen).not.toHaveBeenCalled();
});

it('resumes when the server closes the connection without an end', async () => {
  await server.last.respond(new Response('id: 4\nevent: item.completed\ndata: {}\n\n'));
  await pass(retryDelay(0, 1));
  expect(server.last.after).toBe('4');
});

it('closes while the tab is hidden and resumes when it is visible again', async () => {
  await server.last.open();
  await server.last.send('item.completed', '2');
  page.show(false);
  await pass(60_000);
  expect(server.last.closed).toBe(true);
  expect(server.connections).toHaveLength(1);
  page.show(true);
  expect(server.last.after).toBe('2');
});

it('closes in a tab that was opened in the background', async () => {
  page.show(false);
  const closeHidden = followEventStream({ url: '/hidden', onMessage: () => undefined });
  const hidden = server.last;
  await hidden.open();
  await pass(60_000);
  expect(hidden.closed).toBe(true);
  closeHidden();
});

it('keeps the connection of a tab that was hidden for a moment', async () => {
  page.show(false);
  await pass(5_000);
  page.show(true);
  await pass(30_000);
  expect(server.connections).toHaveLength(1);
  expect(server.last.closed).toBe(false);
});

describe('is over', () => {
  afterEach(async () => {
    expect(onEnd).toHaveBeenCalledTimes(1);
    page.dispatchEvent(new Event('online'));
    await pass(60_000);
    expect(server.connections).toHaveLength(1);
  });

  it('after the end event', async () => {
    await server.last.open();
    await server.last.send('end');
    expect(server.last.closed).toBe(true);
  });

  it('when the server has nothing more (204)', async () => {
    await server.last.respond(new Response(null, { status: 204 }));
    expect(onOpen).not.toHaveBeenCalled();
  });
});
