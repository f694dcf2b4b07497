import { randomUUID } from 'node:crypto';
import { access, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunEvent } from '@saas-codex/contracts/events';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { waitFor } from '@saas-codex/testing/wait-for';
import { type RunnerProcess, SERVICE_TOKEN } from '@saas-codex/testing/runner/runner-process';
import { dataOf, MODEL_KEY, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { Queue } from 'bullmq';
import { RUN_QUEUE } from '../src/runs/run-queue.js';

const NOTE = '*** Begin Patch\n*** Add File: NOTE.md\n+A note.\n*** End Patch';

const HOST_PROBE = `/tmp/saas-codex-probe-${randomUUID()}`;
const LOOK_ROUND = [
  'env; cat /proc/[0-9]*/environ',
  'touch "$TMPDIR/probe" && echo can-write-scratch',
  `touch ${HOST_PROBE} && echo can-write-tmp`,
  'touch ../codex-home/config.toml && echo can-write-settings',
  'touch ../thread.json && echo can-write-thread',
  // Codex reports no item for a command whose failure it attributes to its sandbox.
  'true',
];

const SCENARIOS = [
  {
    name: 'look',
    match: 'Look',
    steps: [
      { do: 'command' as const, cmd: LOOK_ROUND.join('; ') },
      { do: 'message' as const, text: 'Seen.' },
    ],
  },
  {
    name: 'work',
    match: 'Work',
    steps: [
      { do: 'command' as const, cmd: 'echo found' },
      { do: 'patch' as const, patch: NOTE },
      { do: 'message' as const, text: 'I have added a note.' },
    ],
  },
  { name: 'remember', match: 'Recall', steps: [{ do: 'message' as const, text: '{{prompts}}' }] },
  {
    name: 'gate',
    match: 'Wait',
    steps: [
      { do: 'gate' as const, name: 'all' },
      { do: 'message' as const, text: 'Go.' },
    ],
  },
  {
    name: 'hold',
    match: 'Hold',
    steps: [
      { do: 'gate' as const, name: 'hold' },
      { do: 'message' as const, text: 'Go.' },
    ],
  },
  {
    name: 'quota',
    match: 'Quota',
    steps: [
      {
        do: 'error' as const,
        status: 429,
        body: { error: { message: 'no', type: 'insufficient_quota', code: 'insufficient_quota' } },
      },
    ],
  },
  {
    name: 'huge',
    match: 'Huge',
    steps: [
      { do: 'command' as const, cmd: 'seq 1 400000' },
      { do: 'message' as const, text: 'Done.' },
    ],
  },
];

describe('runs', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create(SCENARIOS);
    runner = await world.startRunner({ MAX_CONCURRENT_RUNS: '2' });
  });
  afterAll(() => world.destroy());

  it('log what Codex does, event by event, and nothing after the end', async () => {
    const threadId = await world.createThread(runner);
    const checkpoint = 'a'.repeat(40);
    const { status, body } = await runner.call('POST', '/runs', { threadId, prompt: 'Work', checkpoint });
    expect(status).toBe(202);
    const events = await world.ended(String(body['runId']));

    const durable = events.filter(({ type }) => type !== 'item.delta');
    expect(durable.map(({ seq }) => seq)).toEqual(durable.map((_, index) => index + 1));
    for (const event of events) expect(RunEvent.safeParse(event)).toMatchObject({ success: true });
    expect(
      durable.map(({ type }) => type).filter((type) => !/^(usage|context)\.updated$/.test(type)),
    ).toEqual([
      'run.started',
      'checkpoint.created',
      'thread.started',
      'turn.started',
      'item.started',
      'item.completed',
      'item.started',
      'item.completed',
      'item.completed',
      'turn.completed',
      'run.succeeded',
    ]);
    const items = dataOf(events, 'item.completed').map(({ item }) => item);
    expect(items).toMatchObject([
      { type: 'command_execution', aggregated_output: 'found\n', exit_code: 0 },
      { type: 'file_change', changes: [{ path: 'NOTE.md', kind: 'add' }] },
      { type: 'agent_message', text: 'I have added a note.' },
    ]);
    const deltas = dataOf(events, 'item.delta').filter((delta) => delta.item_type === 'agent_message');
    expect(deltas.map(({ text }) => text).join('')).toBe('I have added a note.');
    expect(new Set(deltas.map((delta) => delta.stream_id))).toEqual(new Set([items.at(-1)?.id]));
    const usages = dataOf(events, 'usage.updated').map(({ usage }) => usage);
    expect(dataOf(events, 'run.succeeded')).toEqual([
      { usage: usages.at(-1), context: dataOf(events, 'context.updated').at(-1) },
    ]);
    expect(await readFile(world.folder(threadId, 'repo', 'NOTE.md'), 'utf8')).toBe('A note.\n');
  });

  it('serve their log as SSE from any event on', async () => {
    const runId = await world.startRun(runner, await world.createThread(runner), 'Work');
    const events = await world.ended(runId);
    const response = await fetch(new URL(`/runs/${runId}/events`, runner.url), {
      headers: { authorization: `Bearer ${SERVICE_TOKEN}`, 'last-event-id': '3' },
    });
    const ids = [...(await response.text()).matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    expect(ids.filter((id) => !id?.includes('-'))).toEqual(
      events.filter(({ type, seq }) => type !== 'item.delta' && seq > 3).map(({ seq }) => String(seq)),
    );
  });

  it('continue the conversation after a restart of the runner', async () => {
    const threadId = await world.createThread(runner);
    await world.ended(await world.startRun(runner, threadId, 'Recall the plum'));
    await runner.end();
    runner = await world.startRunner({ MAX_CONCURRENT_RUNS: '2' });

    const events = await world.ended(await world.startRun(runner, threadId, 'Recall everything'));
    const [answer] = dataOf(events, 'item.completed').map(({ item }) => item['text']);
    expect(answer).toBe('1. Recall the plum\n2. Recall everything');
  });

  it('happen once, even if they are requested repeatedly', async () => {
    const threadId = await world.createThread(runner);
    const runId = randomUUID();
    const prompt = `Recall ${runId}`;
    const start = () => runner.call('POST', '/runs', { threadId, prompt, runId });
    const answers = await Promise.all([start(), start(), start()]);
    expect(answers.map(({ body }) => body)).toEqual([{ runId }, { runId }, { runId }]);
    const log = await world.ended(runId);
    // Even after the queue has forgotten it.
    await waitFor(() => world.redis.del(`${REDIS_KEYS.queuePrefix}:runs:${runId}`));
    await start();
    await world.ended(await world.startRun(runner, await world.createThread(runner), 'Work'));

    expect(await world.log(runId)).toEqual(log);
    expect(world.requestsFor(runId)).toBe(1);
  });

  it('include those that the previous version queued with a kind and a prompt', async () => {
    const sessionId = await world.createThread(runner);
    const runId = randomUUID();
    const { host, port, password } = world.redis.options;
    const queue = new Queue(RUN_QUEUE, {
      connection: { ...(host && { host }), ...(port && { port }), ...(password && { password }) },
      prefix: REDIS_KEYS.queuePrefix,
    });
    const owner = { runId, tenantId: 'local', sessionId };
    const job = { owner, kind: 'setup', prompt: 'echo early', network: NETWORK_OFF, checkpoint: null };
    await queue.add('run', job, { jobId: runId, priority: 1 });
    const events = await world.ended(runId);
    expect(dataOf(events, 'run.started')[0]).toMatchObject({ kind: 'setup', prompt: 'echo early' });
    expect(events.at(-1)?.type).toBe('run.succeeded');
    await queue.close();
  });

  it('respect the maximum of concurrent runs', async () => {
    const prompts = ['Wait 1', 'Wait 2', 'Wait 3'];
    const runs: string[] = [];
    for (const prompt of prompts)
      runs.push(await world.startRun(runner, await world.createThread(runner), prompt));
    await waitFor(() => world.requestsFor('Wait') === 2);
    expect(await world.log(runs[2] ?? '')).toEqual([]);
    world.model.openGate('all');
    for (const runId of runs) expect((await world.ended(runId)).at(-1)?.type).toBe('run.succeeded');
  });

  it('report in plain words why the model did not answer', async () => {
    const runId = await world.startRun(runner, await world.createThread(runner), 'Quota');
    const events = await world.ended(runId);
    const [failure] = dataOf(events, 'run.failed');
    expect(failure?.reason).toMatch(/credit or quota is used up\. Add credit/);
    expect(dataOf(events, 'error')).toEqual([{ message: failure?.reason }]);
    expect(JSON.stringify(events)).not.toContain('127.0.0.1');
  });

  it('keep huge outputs out of the log', async () => {
    const events = await world.ended(await world.startRun(runner, await world.createThread(runner), 'Huge'));
    expect(events.at(-1)?.type).toBe('run.succeeded');
    const output = dataOf(events, 'item.completed').map(({ item }) =>
      typeof item['aggregated_output'] === 'string' ? item['aggregated_output'] : '',
    );
    expect(Math.max(...output.map((text) => text.length))).toBeLessThan(200_000);
  });

  it('never reveal the real key to Codex or the workspace', async () => {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, 'Hold');
    await waitFor(() => world.requestsFor('Hold') === 1);
    const processes = await processesWith(runId);
    expect(processes.length).toBeGreaterThan(0);
    for (const { environment } of processes) {
      expect(environment).not.toContain(MODEL_KEY);
      expect(environment).not.toContain('SERVICE_TOKEN');
      expect(environment).not.toContain('REDIS');
    }
    world.model.openGate('hold');
    await world.ended(runId);
    for (const file of await readdir(world.folder(threadId), { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const content = await readFile(join(file.parentPath, file.name), 'latin1');
      expect({ name: file.name, hasKey: content.includes(MODEL_KEY) }).toEqual({
        name: file.name,
        hasKey: false,
      });
    }
  });

  it('keep an agent’s commands in their workspace, without the token of the run', async () => {
    const events = await world.ended(await world.startRun(runner, await world.createThread(runner), 'Look'));
    const output = String(dataOf(events, 'item.completed')[0]?.item['aggregated_output']);
    expect(output).toContain('SAAS_CODEX_RUN=');
    expect(output).not.toContain('MODEL_TOKEN');
    // A session has its own folder for temporary files.
    expect(output.match(/can-write-\w+/g)).toEqual(['can-write-scratch', 'can-write-tmp']);
    await expect(access(HOST_PROBE)).rejects.toThrow('ENOENT');
  });
});
