import { type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import { jest } from '@jest/globals';
import { retryDelay } from '../../../src/shared/lib/retry-delay.js';
import { LiveHub } from '../../../src/shared/sse/live-hub.js';
import type { Notice } from '../../../src/shared/sse/live-messages.js';
import { FakePage, FakeServer, REAL_STREAMS, settle } from '../../support/fake-server.js';

let page: FakePage;
let server: FakeServer;
let hub: LiveHub;

const pass = async (milliseconds: number) => {
  jest.advanceTimersByTime(milliseconds);
  await settle();
};
/** Changes are gathered for a moment. */
const gathered = () => pass(50);

beforeEach(() => {
  jest.useFakeTimers(REAL_STREAMS);
  server = new FakeServer();
  page = new FakePage(server);
  hub = new LiveHub('/api/events');
});
afterEach(() => jest.useRealTimers());

class Tab {
  readonly heard: Notice[] = [];
  private readonly port = (notice: Notice) => void this.heard.push(notice);

  /** @param runs such as `a@7-0` */
  watch(...runs: string[]): void {
    const watched = runs.map((run) => {
      const [runId = '', after = '0'] = run.split('@');
      return { runId, after: parseEventId(after) as EventId, subscription: 1 };
    });
    hub.receive(this.port, { activity: true, runs: watched });
  }

  see(session: string | undefined): void {
    hub.receive(this.port, { activity: true, runs: [], viewing: session });
  }

  claim(claim: string, sessionId: string): void {
    hub.receive(this.port, { claim, sessionId });
  }

  say(message: 'leave' | 'sign-out'): void {
    hub.receive(this.port, message);
  }

  /** Ids of the events of a run, in the order in which they came. */
  events(runId: string): string[] {
    return this.heard.flatMap((notice) =>
      notice.type === 'run' && notice.runId === runId ? (JSON.parse(notice.data) as { id: string }).id : [],
    );
  }

  count = (type: Notice['type']): number => this.heard.filter((notice) => notice.type === type).length;
}

const runsOf = ({ url }: { url: string }) => url.split('runs=')[1] ?? '';
const open = () => server.connections.filter(({ closed }) => !closed);
const sendRun = (connection: FakeServer['last'], run_id: string, id: string) =>
  connection.send('run', '', { id, event: { run_id } });

async function connected(...tabs: Tab[]): Promise<void> {
  for (const tab of tabs) tab.watch();
  await gathered();
  await server.last.open();
}

it('watches the runs of all tabs on one connection, each from where the last of its tabs is', async () => {
  new Tab().watch('a@7-0', 'b@3-2');
  new Tab().watch('a@5-0', 'c');
  await gathered();
  expect(server.connections).toHaveLength(1);
  expect(runsOf(server.last)).toBe('a@5-0,b@3-2,c@0-0');
});

it('gives each tab what it does not have, once and in order, also while it changes its connection', async () => {
  const [first, second] = [new Tab(), new Tab()];
  first.watch('a@2-0');
  await gathered();
  const before = server.last;
  await before.open();
  await sendRun(before, 'a', '3-0');
  second.watch('a@1-0');
  await gathered();
  expect(open()).toHaveLength(2);
  expect(runsOf(server.last)).toBe('a@1-0');
  await sendRun(before, 'a', '4-0');
  expect(second.events('a')).toEqual([]);
  await server.last.open();
  expect(open()).toEqual([server.last]);
  for (const id of ['2-0', '3-0', '3-1', '4-0', '5-0']) await sendRun(server.last, 'a', id);
  expect(first.events('a')).toEqual(['3-0', '4-0', '5-0']);
  expect(second.events('a')).toEqual(['2-0', '3-0', '3-1', '4-0', '5-0']);
});

it('needs no other connection for a tab that watches what another one does', async () => {
  const [first, second] = [new Tab(), new Tab()];
  first.watch('a@2-0');
  await gathered();
  await server.last.open();
  second.watch('a@2-0');
  await gathered();
  expect(server.connections).toHaveLength(1);
  await sendRun(server.last, 'a', '3-0');
  expect([first.events('a'), second.events('a')]).toEqual([['3-0'], ['3-0']]);
});

it('goes on with the connection that it has if another one fails, and tries again', async () => {
  const tab = new Tab();
  await connected(tab);
  const before = server.last;
  tab.watch('a');
  await gathered();
  await server.last.lose();
  expect(open()).toEqual([before]);
  expect(tab.heard.at(-1)).not.toEqual({ type: 'connection', lost: true });
  await pass(retryDelay(0, 1));
  await server.last.open();
  await sendRun(server.last, 'a', '1-0');
  expect(tab.events('a')).toEqual(['1-0']);
});

it('closes the connection when no tab is left', async () => {
  const [first, second] = [new Tab(), new Tab()];
  await connected(first, second);
  first.say('leave');
  await gathered();
  expect(open()).toHaveLength(1);
  second.say('leave');
  await gathered();
  expect(open()).toHaveLength(0);
});

it('resumes after the last events that it received, and has lists read again', async () => {
  const tab = new Tab();
  tab.watch('a');
  await gathered();
  await server.last.open();
  await sendRun(server.last, 'a', '7-0');
  await server.last.send('run.status', '12-0', { run_id: 'a' });
  await server.last.lose();
  expect(tab.heard.at(-1)).toEqual({ type: 'connection', lost: true });
  await pass(retryDelay(0, 1));
  expect([runsOf(server.last), server.last.after]).toEqual(['a@7-0', '12-0']);
  expect(tab.count('open')).toBe(1);
  await server.last.open();
  expect(tab.count('open')).toBe(2);
  expect(tab.heard.at(-2)).toEqual({ type: 'connection', lost: false });
});

it('has lists read again by a new tab, and by all where the server says so, but not for another list of runs', async () => {
  const [first, second] = [new Tab(), new Tab()];
  await connected(first);
  await server.last.send('run.status', '12-0');
  second.watch('a');
  expect([first, second].map((tab) => tab.count('open'))).toEqual([1, 1]);
  await gathered();
  expect(server.last.after).toBe('12-0');
  await server.last.open();
  expect([first, second].map((tab) => tab.count('open'))).toEqual([1, 1]);
  await server.last.send('resync');
  expect([first, second].map((tab) => tab.count('open'))).toEqual([2, 2]);
});

it('does not lose an activity between two connections before it has heard of any', async () => {
  const tab = new Tab();
  await connected(tab);
  tab.watch('a');
  await gathered();
  await server.last.open();
  expect(tab.count('open')).toBe(2);
});

it('watches no run that has ended, or that cannot be watched', async () => {
  const tab = new Tab();
  tab.watch('a', 'b', 'c');
  await gathered();
  await server.last.open();
  await server.last.send('run.end', '', { run_id: 'a' });
  await server.last.send('run.error', '', { run_id: 'b', code: 'run_not_found' });
  expect(tab.heard.slice(-2)).toEqual([
    { type: 'run.end', runId: 'a' },
    { type: 'run.error', runId: 'b', code: 'run_not_found' },
  ]);
  await server.last.lose();
  await pass(retryDelay(0, 1));
  expect(runsOf(server.last)).toBe('c@0-0');
});

it('reads a run again from the beginning for a tab that begins again', async () => {
  const tab = new Tab();
  tab.watch('a@7-0');
  await gathered();
  await server.last.open();
  hub.receive(tab['port'], {
    activity: true,
    runs: [{ runId: 'a', after: { seq: 0, delta: 0 }, subscription: 2 }],
  });
  await gathered();
  expect(runsOf(server.last)).toBe('a@0-0');
});

it('names at most 50 runs, those that were asked for last', async () => {
  new Tab().watch(...Array.from({ length: 60 }, (_, index) => `r${index}`));
  await gathered();
  await server.last.open();
  await gathered();
  expect(server.connections).toHaveLength(1);
  expect(runsOf(server.last).split(',')).toHaveLength(50);
  expect(runsOf(server.last)).toContain('r59@');
});

it('forgets a tab that falls silent, and continues it when it speaks again', async () => {
  const [frozen, awake] = [new Tab(), new Tab()];
  frozen.watch('a');
  awake.watch();
  await gathered();
  await server.last.open();
  for (let minute = 0; minute < 4; minute++) {
    await pass(30_000);
    await server.last.send('heartbeat');
    awake.watch();
  }
  await server.last.open();
  expect(runsOf(server.last)).toBe('');
  frozen.watch('a@4-0');
  await gathered();
  // A third one must not begin before the server has noticed that the first was closed.
  expect(runsOf(server.last)).toBe('');
  await pass(250);
  expect(runsOf(server.last)).toBe('a@4-0');
  expect(frozen.heard.at(-1)).toEqual({ type: 'open' });
});

it('gives up a connection that went silent, but not one with heartbeats', async () => {
  await connected(new Tab());
  await pass(30_000);
  await server.last.send('heartbeat');
  await pass(30_000);
  expect(server.last.closed).toBe(false);
  await pass(10_000);
  expect(server.last.closed).toBe(true);
  await pass(retryDelay(0, 1));
  expect(server.connections).toHaveLength(2);
});

it('waits longer after each failure, and not at all when the network comes back', async () => {
  new Tab().watch();
  await gathered();
  await server.last.lose();
  await pass(retryDelay(0, 1));
  await server.last.lose();
  await pass(retryDelay(1, 0) - 1);
  expect(server.connections).toHaveLength(2);
  page.dispatchEvent(new Event('online'));
  expect(server.connections).toHaveLength(3);
});

it('tells all tabs when the server does not know the person any more, and when one of them signs out', async () => {
  const [first, second] = [new Tab(), new Tab()];
  first.watch();
  second.watch();
  await gathered();
  const problem = { type: 'about:blank', title: 't', status: 401, code: 'unauthenticated', detail: 'd' };
  await server.last.respond(Response.json(problem, { status: 401 }));
  expect([first, second].map((tab) => tab.count('signed-out'))).toEqual([1, 1]);
  await pass(retryDelay(0, 1));
  await server.last.open();
  second.say('sign-out');
  expect(open()).toHaveLength(0);
  expect([first, second].map((tab) => tab.count('signed-out'))).toEqual([2, 2]);
});

it('begins with new activities when the server does not know the last one any more', async () => {
  await connected(new Tab());
  await server.last.send('run.status', '12-0');
  await server.last.lose();
  await pass(retryDelay(0, 1));
  const problem = { type: 'about:blank', title: 't', status: 400, code: 'invalid_cursor', detail: 'd' };
  await server.last.respond(Response.json(problem, { status: 400 }));
  await pass(retryDelay(1, 1));
  expect(server.last.after).toBeNull();
});

it('lets one tab tell the person of what all have heard, and none while a tab shows it', async () => {
  const [first, second] = [new Tab(), new Tab()];
  await connected(first, second);
  const granted = () => [first, second].map((tab) => tab.count('granted'));
  for (const tab of [first, second, first]) tab.claim('a done 1', 'a');
  expect(granted()).toEqual([1, 0]);
  first.see('a');
  second.claim('a done 2', 'a');
  second.claim('b done 1', 'b');
  expect(granted()).toEqual([1, 1]);
  first.see(undefined);
  // The person has seen it.
  first.claim('a done 2', 'a');
  second.claim('a done 3', 'a');
  expect(granted()).toEqual([1, 2]);
});
