import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

/** Leaves a process in a session of its own. Ends only when that exists: Codex ends what is left in the command's group. */
const DETACH =
  "setsid sh -c 'touch detached; exec sleep 600' </dev/null >/dev/null 2>&1 & until [ -e detached ]; do sleep 0.05; done";

const SCENARIOS = [
  {
    name: 'detach',
    match: 'Detach',
    steps: [{ do: 'command' as const, cmd: DETACH }, { do: 'endless' as const }],
  },
  { name: 'hang', match: 'Hang', steps: [{ do: 'endless' as const }] },
  {
    name: 'gate',
    match: 'Wait',
    steps: [
      { do: 'gate' as const, name: 'go' },
      { do: 'message' as const, text: 'Went on.' },
    ],
  },
  { name: 'remember', steps: [{ do: 'message' as const, text: '{{prompts}}' }] },
];
/** Messages to the run of the killed runner. */
const [TAKEN, NOT_TAKEN] = [randomUUID(), randomUUID()];

interface Loss {
  world: RunnerWorld;
  runId: string;
  threadId: string;
  /** The other runner, and a run that takes its only place. */
  other: RunnerProcess;
  busy: string;
}

async function loseRunner(isolation: string): Promise<Loss> {
  const world = await RunnerWorld.create(SCENARIOS);
  const lost = await world.startRunner({ ISOLATION: isolation });
  const threadId = await world.createThread(lost);
  const runId = await world.startRun(lost, threadId, 'Hang');
  await waitFor(() => world.requestsFor('Hang') === 1);
  // The other runner has no free slot, which must not matter.
  const other = await world.startRunner({ MAX_CONCURRENT_RUNS: '1' });
  await lost.end('SIGKILL');
  const busy = await world.startRun(other, await world.createThread(other), 'Hang as well');
  await world.started(busy);
  // Codex had taken one in, and the runner was killed before it could say so.
  const note = JSON.stringify({ type: 'user_message', client_id: TAKEN });
  await writeFile(world.folder(threadId, 'codex-home', 'sessions', 'more.jsonl'), `${note}\n`);
  for (const steerId of [TAKEN, NOT_TAKEN])
    await other.call('POST', `/runs/${runId}/steer`, { steerId, prompt: 'Faster' });
  return { world, runId, threadId, other, busy };
}

const ISOLATIONS = ['bubblewrap', 'none'] as const;
const losses: Record<string, Loss> = {};

// It takes a lease until a runner counts as lost. Meanwhile the cases of other runners are checked.
beforeAll(async () => {
  for (const isolation of ISOLATIONS) losses[isolation] = await loseRunner(isolation);
});
afterAll(() => Promise.all(Object.values(losses).map(({ world }) => world.destroy())));

describe('several runners', () => {
  let world: RunnerWorld;

  beforeEach(async () => {
    world = await RunnerWorld.create(SCENARIOS);
  });
  afterEach(() => world.destroy());

  it('end the processes of a killed runner on a cancel, even though Redis has forgotten the run', async () => {
    const lost = await world.startRunner({ ISOLATION: 'none' });
    const runId = await world.startRun(lost, await world.createThread(lost), 'Detach');
    await waitFor(() => world.requestsFor('Detach') === 2);
    await lost.end('SIGKILL');
    await world.redis.flushall();
    const other = await world.startRunner();
    expect(await processesWith(runId)).not.toEqual([]);
    await other.call('POST', `/runs/${runId}/cancel`);
    await waitFor(async () => (await processesWith(runId)).length === 0);
  });

  it('stop a run at once when another process has closed its log', async () => {
    const runner = await world.startRunner();
    const sessionId = await world.createThread(runner);
    const runId = await world.startRun(runner, sessionId, 'Hang');
    await waitFor(async () => (await processesWith(runId)).length > 0);
    const reason = 'Closed by another process.';
    await new RunLogs(world.redis, world.root).endLog(
      { runId, sessionId, tenantId: 'local' },
      'run.interrupted',
      { reason },
    );
    const log = await world.log(runId);

    await waitFor(async () => (await processesWith(runId)).length === 0);
    const next = await world.ended(await world.startRun(runner, await world.createThread(runner), 'Next'));
    expect(next.at(-1)?.type).toBe('run.succeeded');
    expect(await world.log(runId)).toEqual(log);
  });

  it('continue after an outage of Redis', async () => {
    const runner = await world.startRunner({ MAX_CONCURRENT_RUNS: '1' });
    const runId = await world.startRun(runner, await world.createThread(runner), 'Wait');
    await waitFor(() => world.requestsFor('Wait') === 1);
    await world.restartRedis();
    world.model.openGate('go');
    const events = await world.ended(runId);
    expect(events.at(-1)?.type).toBe('run.succeeded');
    expect(dataOf(events, 'run.started')).toHaveLength(1);

    const next = await world.startRun(runner, await world.createThread(runner), 'Hang');
    await waitFor(() => world.requestsFor('Hang') === 1);
    await runner.call('POST', `/runs/${next}/cancel`);
    expect((await world.ended(next)).at(-1)?.type).toBe('run.cancelled');
  });

  it('cancel a run wherever it is', async () => {
    const [one, other] = await Promise.all([world.startRunner(), world.startRunner()]);
    const runId = await world.startRun(one, await world.createThread(one), 'Hang');
    await waitFor(() => world.requestsFor('Hang') === 1);
    // One of the two does not hold the run.
    await Promise.all([one, other].map((runner) => runner.call('POST', `/runs/${runId}/cancel`)));
    const events = await world.ended(runId);
    expect(events.at(-1)?.type).toBe('run.cancelled');
    expect(dataOf(events, 'run.cancelled')).toHaveLength(1);
  });

  it('take runs in the order of their priority', async () => {
    const runner = await world.startRunner({ MAX_CONCURRENT_RUNS: '1' });
    const holding = await world.startRun(runner, await world.createThread(runner), 'Hang');
    await world.started(holding);
    const start = async (priority: number) => {
      const threadId = await world.createThread(runner);
      const { body } = await runner.call('POST', '/runs', { threadId, prompt: 'Later', priority });
      return String(body['runId']);
    };
    const [second, first] = [await start(2), await start(1)];
    await runner.call('POST', `/runs/${holding}/cancel`);
    const times = await Promise.all([first, second].map(async (id) => (await world.ended(id))[0]?.at ?? ''));
    expect(times).toEqual(times.toSorted());
    await runner.end();
  });

  it('interrupt their runs at shutdown and leave waiting runs to the next runner', async () => {
    const first = await world.startRunner({ MAX_CONCURRENT_RUNS: '1' });
    const runId = await world.startRun(first, await world.createThread(first), 'Hang');
    await waitFor(() => world.requestsFor('Hang') === 1);
    const waiting = await world.startRun(first, await world.createThread(first), 'Later');
    await first.end('SIGTERM');

    const events = await world.log(runId);
    expect(dataOf(events, 'run.interrupted')[0]?.reason).toMatch(/restarted\. Send a prompt/);
    expect(await processesWith(runId)).toEqual([]);
    expect(await world.log(waiting)).toEqual([]);

    await world.startRunner();
    expect((await world.ended(waiting)).at(-1)?.type).toBe('run.succeeded');
  });

  it.each(ISOLATIONS)(
    'close the run of a killed runner and do not start its turn again (isolation %s)',
    async (isolation) => {
      const { world, runId, threadId, other, busy } = losses[isolation]!;
      const events = await world.ended(runId);
      expect(dataOf(events, 'run.interrupted')[0]?.reason).toMatch(
        /^The runner working on this was lost\. Send a prompt/,
      );
      expect(await processesWith(runId)).toEqual([]);
      expect(await statuses(world, runId)).toEqual(['running', 'interrupted']);
      expect(world.requestsFor('Hang')).toBe(2);
      expect(dataOf(events, 'steer.delivered')).toEqual([{ steer_id: TAKEN, prompt: 'Faster' }]);

      await other.call('POST', `/runs/${busy}/cancel`);
      const next = await world.ended(await world.startRun(other, threadId, 'Go on'));
      expect(dataOf(next, 'item.completed')[0]?.item['text']).toBe('1. Hang\n2. Go on');
      expect(world.requestsFor('Hang')).toBe(2);
    },
  );
});

/** The run's statuses in its tenant's activity stream. */
async function statuses(world: RunnerWorld, runId: string): Promise<string[]> {
  const entries = await world.redis.xrange(REDIS_KEYS.activity('local'), '-', '+');
  return entries
    .map(([, fields]) => JSON.parse(fieldOf(fields, STREAM_FIELDS.event) ?? ''))
    .filter((activity) => activity.run_id === runId)
    .map((activity) => activity.status);
}
