import { jest } from '@jest/globals';
import { openEventStream, retryDelay, type StreamMessage } from '../../../src/shared/sse/event-stream.js';

/** A browser's EventSource whose server is the test. */
class FakeEventSource extends EventTarget {
  static opened: FakeEventSource[] = [];
  static get last(): FakeEventSource {
    return FakeEventSource.opened.at(-1)!;
  }
  closed = false;
  constructor(readonly url: string) {
    super();
    FakeEventSource.opened.push(this);
  }
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.dispatchEvent(new Event('open'));
  }
  fail(): void {
    this.dispatchEvent(new Event('error'));
  }
  send(type: string, id = '', data = '{}'): void {
    this.dispatchEvent(new MessageEvent(type, { data, lastEventId: id }));
  }
}

const page = new EventTarget();
const fakeDocument = Object.assign(new EventTarget(), { hidden: false });
const received: StreamMessage[] = [];
const onEnd = jest.fn();
const onOpen = jest.fn();
let close: () => void;

const show = (hidden: boolean) => {
  fakeDocument.hidden = hidden;
  fakeDocument.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => {
  jest.useFakeTimers();
  Object.assign(globalThis, {
    EventSource: FakeEventSource,
    document: fakeDocument,
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
  });
  FakeEventSource.opened = [];
  received.length = 0;
  fakeDocument.hidden = false;
  jest.clearAllMocks();
  close = openEventStream({
    url: '/events',
    types: ['item.completed', 'error'],
    onMessage: (message) => received.push(message),
    onOpen,
    onEnd,
  });
});
afterEach(() => {
  close();
  jest.useRealTimers();
});

it('resumes after the last event that it saw', () => {
  FakeEventSource.last.open();
  FakeEventSource.last.send('item.completed', '7');
  FakeEventSource.last.fail();
  jest.advanceTimersByTime(retryDelay(0, 1));
  expect(FakeEventSource.opened.map(({ url }) => url)).toEqual(['/events', '/events?after=7']);
  FakeEventSource.last.open();
  expect(onOpen.mock.calls).toEqual([[false], [true]]);
});

it("takes Codex's error event as an event, not as a lost connection", () => {
  FakeEventSource.last.send('error', '3', '{"message":"m"}');
  expect(received).toEqual([{ id: '3', type: 'error', data: '{"message":"m"}' }]);
  expect(FakeEventSource.last.closed).toBe(false);
});

it('gives up a connection that went silent, but not one with heartbeats', () => {
  FakeEventSource.last.open();
  jest.advanceTimersByTime(30_000);
  FakeEventSource.last.send('heartbeat');
  jest.advanceTimersByTime(30_000);
  expect(FakeEventSource.last.closed).toBe(false);
  jest.advanceTimersByTime(10_000);
  expect(FakeEventSource.last.closed).toBe(true);
  jest.advanceTimersByTime(retryDelay(0, 1));
  expect(FakeEventSource.opened).toHaveLength(2);
});

it('waits longer after each failure, and not at all when the network comes back', () => {
  FakeEventSource.last.fail();
  jest.advanceTimersByTime(retryDelay(0, 1));
  FakeEventSource.last.fail();
  jest.advanceTimersByTime(retryDelay(1, 0) - 1);
  expect(FakeEventSource.opened).toHaveLength(2);
  page.dispatchEvent(new Event('online'));
  expect(FakeEventSource.opened).toHaveLength(3);
});

it('lets go while the tab is hidden and resumes when it is looked at', () => {
  FakeEventSource.last.open();
  FakeEventSource.last.send('item.completed', '2');
  show(true);
  jest.advanceTimersByTime(60_000);
  expect(FakeEventSource.last.closed).toBe(true);
  expect(FakeEventSource.opened).toHaveLength(1);
  show(false);
  expect(FakeEventSource.last.url).toBe('/events?after=2');
});

it('keeps the connection of a tab that was hidden for a moment', () => {
  show(true);
  jest.advanceTimersByTime(5_000);
  show(false);
  jest.advanceTimersByTime(30_000);
  expect(FakeEventSource.opened).toHaveLength(1);
  expect(FakeEventSource.last.closed).toBe(false);
});

it('is over after the end event', () => {
  FakeEventSource.last.send('end');
  expect(onEnd).toHaveBeenCalledTimes(1);
  expect(FakeEventSource.last.closed).toBe(true);
  page.dispatchEvent(new Event('online'));
  jest.advanceTimersByTime(60_000);
  expect(FakeEventSource.opened).toHaveLength(1);
});
