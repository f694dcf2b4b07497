import { randomUUID } from 'node:crypto';
import { access } from 'node:fs/promises';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

/** A daemon without parent, session and terminal, and one that ignores SIGHUP. */
const DAEMONS = '(setsid sleep 1000 >/dev/null 2>&1 &); nohup sleep 1000 >/dev/null 2>&1 & touch daemons-run';

const message = { do: 'message' as const, text: 'Done.' };
const SCENARIOS = [
  {
    name: 'busy',
    match: 'Busy',
    steps: [{ do: 'command' as const, cmd: `${DAEMONS}; sleep 1000` }, message],
  },
  { name: 'leave', match: 'Leave', steps: [{ do: 'command' as const, cmd: DAEMONS }, message] },
  { name: 'endless', match: 'Endless', steps: [{ do: 'endless' as const }] },
  { name: 'any', steps: [message] },
];

describe.each(['bubblewrap', 'codex-sandbox', 'none'])('the end of a run in isolation %s', (isolation) => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create(SCENARIOS);
    runner = await world.startRunner({ ISOLATION: isolation, MAX_CONCURRENT_RUNS: '1' });
  });
  afterAll(() => world.destroy());

  it('leaves no process when it is cancelled, and says how many it had', async () => {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, 'Busy');
    await waitFor(() => access(world.folder(threadId, 'repo', 'daemons-run')).then(() => true));
    expect((await processesWith(runId)).length).toBeGreaterThan(0);

    expect(await runner.call('POST', `/runs/${runId}/cancel`)).toEqual({ status: 202, body: { runId } });
    const events = await world.ended(runId);
    expect(events.at(-1)?.type).toBe('run.cancelled');
    expect(await processesWith(runId)).toEqual([]);
    // Both daemons, and what Codex has started; Codex itself does not count.
    const [{ stopped } = {}] = dataOf(events, 'run.cancelled');
    expect([3, 4]).toContain(stopped?.processes);

    // The conversation can continue.
    const next = await world.ended(await world.startRun(runner, threadId, 'Go on'));
    expect(next.at(-1)?.type).toBe('run.succeeded');
  });

  it('leaves no process when it succeeds', async () => {
    const runId = await world.startRun(runner, await world.createThread(runner), 'Leave');
    const events = await world.ended(runId);
    expect(dataOf(events, 'item.completed')[0]?.item).toMatchObject({ exit_code: 0 });
    expect(events.at(-1)?.type).toBe('run.succeeded');
    expect(await processesWith(runId)).toEqual([]);
  });

  it('is immediate and final for a run that waits in the queue', async () => {
    const busy = await world.startRun(runner, await world.createThread(runner), 'Endless');
    await waitFor(() => world.requestsFor('Endless') === 1);
    const waiting = await world.startRun(runner, await world.createThread(runner), 'Never');
    await runner.call('POST', `/runs/${waiting}/cancel`);
    expect((await world.log(waiting)).map(({ type }) => type)).toEqual(['run.cancelled']);

    await runner.call('POST', `/runs/${busy}/cancel`);
    // The call to the model.
    expect((await world.ended(busy)).at(-1)).toMatchObject({
      type: 'run.cancelled',
      data: { stopped: { processes: 0, connections: 1 } },
    });
    await world.ended(await world.startRun(runner, await world.createThread(runner), 'Next'));
    expect((await world.log(waiting)).map(({ type }) => type)).toEqual(['run.cancelled']);
    expect(world.requestsFor('Never')).toBe(0);
  });

  it('prevents the start of a run that was cancelled before it was queued', async () => {
    const runId = randomUUID();
    await runner.call('POST', `/runs/${runId}/cancel`);
    const threadId = await world.createThread(runner);
    await runner.call('POST', '/runs', { threadId, prompt: 'Too late', runId });
    expect((await world.ended(runId)).map(({ type }) => type)).toEqual(['run.cancelled']);
    expect(world.requestsFor('Too late')).toBe(0);
  });

  it('works without its notification, and after a command that this runner does not know', async () => {
    const runId = await world.startRun(runner, await world.createThread(runner), 'Endless too');
    await waitFor(() => world.requestsFor('Endless too') === 1);
    const append = (command: object) =>
      world.redis.xadd(REDIS_KEYS.runInbox(runId), '*', 'command', JSON.stringify(command));
    await append({ id: '1', type: 'from the future' });
    await append({ id: '2', type: 'cancel' });
    expect((await world.ended(runId)).at(-1)?.type).toBe('run.cancelled');
    expect(await processesWith(runId)).toEqual([]);
    await waitFor(async () => (await world.redis.exists(REDIS_KEYS.runInbox(runId))) === 0);
  });

  it('leaves the runner alive when Codex exits before it has read a long prompt', async () => {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, `Busy ${'€'.repeat(90_000)}`);
    await world.started(runId);
    await runner.call('POST', `/runs/${runId}/cancel`);
    await world.ended(runId);
    expect((await runner.call('GET', '/health')).status).toBe(200);
  });
});
