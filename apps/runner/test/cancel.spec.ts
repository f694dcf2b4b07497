import { access } from 'node:fs/promises';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

/** A daemon that has left its parent, its session and its terminal behind, and one that ignores hanging up. */
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

  it('leaves no process when it is cancelled', async () => {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, 'Busy');
    await waitFor(() => access(world.folder(threadId, 'repo', 'daemons-run')).then(() => true));
    expect((await processesWith(runId)).length).toBeGreaterThan(0);

    expect(await runner.call('POST', `/runs/${runId}/cancel`)).toEqual({ status: 202, body: { runId } });
    const events = await world.ended(runId);
    expect(events.at(-1)?.type).toBe('run.cancelled');
    expect(await processesWith(runId)).toEqual([]);

    // The conversation can go on.
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

  it('comes at once for a run that waits, and for good', async () => {
    const busy = await world.startRun(runner, await world.createThread(runner), 'Endless');
    await waitFor(() => world.requestsFor('Endless') === 1);
    const waiting = await world.startRun(runner, await world.createThread(runner), 'Never');
    await runner.call('POST', `/runs/${waiting}/cancel`);
    expect((await world.log(waiting)).map(({ type }) => type)).toEqual(['run.cancelled']);

    await runner.call('POST', `/runs/${busy}/cancel`);
    expect((await world.ended(busy)).at(-1)?.type).toBe('run.cancelled');
    await world.ended(await world.startRun(runner, await world.createThread(runner), 'Next'));
    expect((await world.log(waiting)).map(({ type }) => type)).toEqual(['run.cancelled']);
    expect(world.requestsFor('Never')).toBe(0);
  });

  it('does not take the runner with it when Codex goes before it has read a long prompt', async () => {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, `Busy ${'€'.repeat(90_000)}`);
    await world.started(runId);
    await runner.call('POST', `/runs/${runId}/cancel`);
    await world.ended(runId);
    expect((await runner.call('GET', '/health')).status).toBe(200);
  });
});
