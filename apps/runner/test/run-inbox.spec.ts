import { randomUUID } from 'node:crypto';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { RunCommand } from '@saas-codex/contracts/run-commands';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';
import { Redis } from 'ioredis';
import { RunInbox } from '../src/runs/run-inbox.js';
import type { Jail } from '../src/sandbox/jail/jail.js';

const cancel = (id: string): RunCommand => ({ id, type: 'cancel' });

describe('the inbox of a run', () => {
  let server: TestRedis;
  let redis: Redis;
  let runId: string;
  let received: string[];
  /** Runs whose processes an inbox has ended. */
  let ended: string[];
  let holder: RunInbox;
  let other: RunInbox;

  async function createInbox(): Promise<RunInbox> {
    const jail: Pick<Jail, 'endRun'> = { endRun: async (id) => void ended.push(id) };
    const inbox = new RunInbox(redis, jail as Jail);
    await inbox.onApplicationBootstrap();
    return inbox;
  }

  /** Writes a raw command without its notification, as if that had been lost. */
  const append = (text: string) => redis.xadd(REDIS_KEYS.runInbox(runId), '*', 'id', 'x', 'command', text);
  const open = () => holder.openInbox(runId, ({ id }) => received.push(id));

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    runId = randomUUID();
    received = [];
    ended = [];
    [holder, other] = await Promise.all([createInbox(), createInbox()]);
  });
  afterEach(() => [holder, other].forEach((inbox) => inbox.onApplicationShutdown()));

  it('hands over commands once and in order, those sent before the run included', async () => {
    await other.sendCommand(runId, cancel('1'));
    await other.sendCommand(runId, cancel('2'));
    expect(await holder.hasCancel(runId)).toBe(true);
    open();
    await waitFor(() => received.length === 2);
    await Promise.all(['3', '4'].map((id) => other.sendCommand(runId, cancel(id))));
    await holder.sendCommand(runId, cancel('5'));
    await waitFor(() => received.length >= 5);
    const stored = await redis.xrange(REDIS_KEYS.runInbox(runId), '-', '+');
    expect(received).toEqual(stored.map(([, fields]) => fields[1]));
    expect(received.toSorted()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('takes a command once, even if it is sent repeatedly', async () => {
    open();
    for (const inbox of [holder, other, holder]) await inbox.sendCommand(runId, cancel('1'));
    await holder.sendCommand(runId, cancel('2'));
    await waitFor(() => received.includes('2'));
    expect(received).toEqual(['1', '2']);
  });

  it('finds a command whose notification was lost', async () => {
    open();
    await append(JSON.stringify(cancel('silent')));
    await waitFor(() => received.length > 0);
    expect(received).toEqual(['silent']);
  });

  it('skips commands that it does not know, and continues after them', async () => {
    await append(JSON.stringify({ id: 'new', type: 'dance', steps: 3 }));
    await append('not JSON');
    expect(await holder.hasCancel(runId)).toBe(false);
    open();
    await other.sendCommand(runId, cancel('known'));
    await waitFor(() => received.length > 0);
    expect(received).toEqual(['known']);
  });

  it('hands over nothing after it was closed', async () => {
    const close = open();
    await holder.sendCommand(runId, cancel('1'));
    await waitFor(() => received.length > 0);
    close();
    await holder.sendCommand(runId, cancel('2'));
    // Its notification has arrived when a runner without the run has acted on it.
    await waitFor(() => ended.length >= 3);
    expect(received).toEqual(['1']);
  });

  it('expires by itself, and is removed with its run', async () => {
    await holder.sendCommand(runId, cancel('1'));
    expect(await redis.ttl(REDIS_KEYS.runInbox(runId))).toBeGreaterThan(0);
    await holder.removeInbox(runId);
    expect(await redis.exists(REDIS_KEYS.runInbox(runId))).toBe(0);
  });

  it('lets every runner end the processes of a cancelled run that it does not hold', async () => {
    await holder.sendCommand(runId, cancel('1'));
    await waitFor(() => ended.length === 2);
    expect(ended).toEqual([runId, runId]);
  });
});
