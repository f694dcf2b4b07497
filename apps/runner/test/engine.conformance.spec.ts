import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IMAGE_EXTENSIONS } from '@saas-codex/contracts/images';
import type { RunEvent } from '@saas-codex/contracts/events';
import { IMAGES_FOLDER } from '@saas-codex/contracts/workspace-layout';
import { sealGrant } from '@saas-codex/service-kit/run-grant';
import { SERVICE_TOKEN, type RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { SAMPLE_IMAGES } from '@saas-codex/testing/sample-images';
import { waitFor } from '@saas-codex/testing/wait-for';

const message = (text: string) => ({ do: 'message' as const, text });
const command = (cmd: string) => ({ do: 'command' as const, cmd });
const PATCH = '*** Begin Patch\n*** Add File: NOTE.md\n+A note.\n*** End Patch';
const plan = (status: 'in_progress' | 'completed') => ({
  do: 'plan' as const,
  items: [{ step: 'Write the note', status }],
});
/** A process that has left its session, and one that ignores SIGHUP. */
const DAEMONS = '(setsid sleep 1000 >/dev/null 2>&1 &); nohup sleep 1000 >/dev/null 2>&1 &';

const SECRET = randomBytes(16).toString('hex');
/** Waits until the spec has made a file. */
const until = (file: string) => `until [ -e ${file} ]; do sleep 0.05; done`;

/** Of a reviewer who was shown the folder of the repository. */
const ANSWER = JSON.stringify({
  findings: [
    {
      title: '[P1] Say which note',
      body: 'There are two.\n\nName it.',
      confidence_score: 0.9,
      priority: 1,
      code_location: { absolute_file_path: '{{output}}/NOTE.md', line_range: { start: 1, end: 2 } },
    },
  ],
  overall_correctness: 'patch is incorrect',
  overall_explanation: 'One mistake.',
  overall_confidence_score: 0.8,
});

const SCENARIOS = [
  {
    name: 'slow',
    match: 'Slow',
    steps: [command(`${until('one')}; echo first; ${until('two')}; echo second`), message('Done.')],
  },
  {
    name: 'tell',
    match: 'Tell',
    steps: [
      command(
        'sleep 0.3; printf %s "$TOLD" | cut -c1-9 | tr -d "\\n"; sleep 0.3; printf %s "$TOLD" | cut -c10-',
      ),
      {
        do: 'message' as const,
        text: '',
        chunks: ['It is ', SECRET.slice(0, 9), SECRET.slice(9), ' and no more'],
      },
    ],
  },
  {
    name: 'work',
    match: 'Work',
    steps: [
      { do: 'reasoning' as const, text: 'Looking around.' },
      plan('in_progress'),
      command('echo found; exit 3'),
      { do: 'patch' as const, patch: PATCH },
      plan('completed'),
      message('I have added a note.'),
    ],
  },
  {
    name: 'review',
    match: { regex: '^Review the (current code|code) changes' },
    steps: [command('printf %s "$PWD"'), message(ANSWER)],
  },
  { name: 'summary', match: 'CONTEXT CHECKPOINT COMPACTION', steps: [message('They like plums.')] },
  { name: 'unanswered', match: 'Say nothing', steps: [message('')] },
  { name: 'recall', match: 'Recall', steps: [message('{{prompts}}')] },
  {
    name: 'refused',
    match: 'Refused',
    steps: [
      {
        do: 'error' as const,
        status: 400,
        body: { error: { message: 'No', type: 'invalid_request_error' } },
      },
    ],
  },
  {
    name: 'dropped',
    match: 'Dropped',
    steps: [{ do: 'drop' as const, after: 'Half', times: 1 }, message('Whole.')],
  },
  {
    name: 'busy',
    match: 'Busy',
    steps: [
      { do: 'reasoning' as const, text: 'Thinking.' },
      plan('in_progress'),
      command(`${DAEMONS} echo ready; sleep 0.2`),
      command('sleep 1000'),
    ],
  },
  { name: 'talk', match: 'Talk', steps: [{ do: 'endless' as const, text: 'on ', everyMs: 5 }] },
  {
    name: 'print',
    match: 'Print',
    steps: [
      ...Array.from({ length: 30 }, () => command('head -c 100000 /dev/zero | tr "\\0" x')),
      message('Done.'),
    ],
  },
  {
    name: 'fetch',
    match: 'Fetch',
    steps: [command('curl -sS -m 5 http://example.invalid/ || true'), message('Done.')],
  },
];

const completedItems = (events: RunEvent[]) => dataOf(events, 'item.completed').map(({ item }) => item);

/** Ids of the items that the log begins and does not complete. */
function openItems(events: RunEvent[]): string[] {
  const completed = new Set(completedItems(events).map(({ id }) => id));
  return dataOf(events, 'item.started').flatMap(({ item }) => (completed.has(item.id) ? [] : [item.id]));
}

describe.each(['app-server', 'sdk'] as const)('the engine %s', (engine) => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create(SCENARIOS);
    runner = await world.startRunner({ ENGINE: engine, MAX_RUN_LOG_MB: '2' });
  });
  afterAll(() => world.destroy());

  const prompt = async (text: string, threadId?: string) =>
    world.ended(await world.startRun(runner, threadId ?? (await world.createThread(runner)), text));

  it('says what it can do', async () => {
    const { body } = await runner.call('GET', '/system');
    const can = engine === 'app-server';
    expect(body).toMatchObject({
      engine,
      capabilities: { steer: can, approvals: can, deltas: can, reviews: can, compact: can },
    });
  });

  it('logs a turn with its reasoning, plan, command, file change and message', async () => {
    const threadId = await world.createThread(runner);
    const events = await prompt('Work', threadId);
    const types = events
      .map(({ type }) => type)
      .filter((type) => !['usage.updated', 'context.updated', 'item.delta'].includes(type));
    expect(types).toEqual([
      'run.started',
      'thread.started',
      'turn.started',
      'item.completed', // the reasoning
      'item.started', // the plan
      'item.started', // the command
      'item.completed',
      'item.started', // the file change
      'item.completed',
      'item.updated', // the plan
      'item.completed', // the message
      'item.completed', // the plan
      'turn.completed',
      'run.succeeded',
    ]);
    const items = completedItems(events);
    expect(items).toMatchObject([
      { type: 'reasoning', text: expect.stringContaining('Looking around.') },
      { type: 'command_execution', aggregated_output: 'found\n', exit_code: 3, status: 'failed' },
      { type: 'file_change', changes: [{ path: 'NOTE.md', kind: 'add' }], status: 'completed' },
      { type: 'agent_message', text: 'I have added a note.' },
      { type: 'todo_list', items: [{ text: 'Write the note', completed: true }] },
    ]);
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    expect(await readFile(world.folder(threadId, 'repo', 'NOTE.md'), 'utf8')).toBe('A note.\n');
    const [usage] = dataOf(events, 'turn.completed').map((data) => data.usage);
    expect(usage).toEqual(dataOf(events, 'run.succeeded')[0]?.usage);
  });

  it('shows what a command prints while it runs, also to a reader who comes later, if it can', async () => {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, 'Slow');
    const make = (name: string) => writeFile(world.folder(threadId, 'repo', name), '');
    const begun = await waitFor(async () => dataOf(await world.log(runId), 'item.started')[0]?.item);
    await make('one');
    if (engine === 'app-server') {
      const shown = async () => dataOf(await world.log(runId), 'item.delta');
      await waitFor(async () => (await shown()).length > 0);
      const delta = { item_type: 'command_execution', stream_id: begun.id, text: 'first\n' };
      expect(await shown()).toEqual([delta]);
    }
    await make('two');
    const [item] = completedItems(await world.ended(runId));
    expect(item).toMatchObject({ id: begun.id, aggregated_output: 'first\nsecond\n' });
  });

  it('gives the turn a message once if it takes any, after the command that is running, and ignores it otherwise', async () => {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, 'Slow');
    const steer = { steerId: randomUUID(), prompt: 'Recall' };
    await waitFor(async () => dataOf(await world.log(runId), 'item.started').length > 0);
    for (let sent = 0; sent < 2; sent += 1) await runner.call('POST', `/runs/${runId}/steer`, steer);
    for (const name of ['one', 'two']) await writeFile(world.folder(threadId, 'repo', name), '');
    const events = await world.ended(runId);
    const takes = engine === 'app-server';
    expect(dataOf(events, 'steer.delivered')).toEqual(
      takes ? [{ steer_id: steer.steerId, prompt: 'Recall' }] : [],
    );
    const answer = takes ? '1. Slow\n2. Recall' : 'Done.';
    expect(completedItems(events).at(-1)).toMatchObject({ type: 'agent_message', text: answer });
  });

  it('keeps secrets out of the log, also in pieces', async () => {
    const [threadId, runId] = [await world.createThread(runner), randomUUID()];
    const grant = sealGrant(SERVICE_TOKEN, { runId, tenantId: 'local' }, { environment: { TOLD: SECRET } });
    await runner.call('POST', '/runs', { threadId, runId, prompt: 'Tell', grant });
    const events = await world.ended(runId);
    expect(completedItems(events)).toMatchObject([
      { aggregated_output: '[secret TOLD]\n' },
      { text: 'It is [secret TOLD] and no more' },
    ]);
    for (const part of [SECRET.slice(0, 9), SECRET.slice(9)])
      expect(JSON.stringify(events)).not.toContain(part);
  });

  it('continues a conversation, also one that the other engine has begun', async () => {
    const threadId = await world.createThread(runner);
    await prompt('Recall one', threadId);
    await runner.end();
    runner = await world.startRunner({ ENGINE: engine === 'sdk' ? 'app-server' : 'sdk' });
    await prompt('Recall two', threadId);
    await runner.end();
    runner = await world.startRunner({ ENGINE: engine, MAX_RUN_LOG_MB: '2' });
    const [answer] = completedItems(await prompt('Recall three', threadId));
    expect(answer?.['text']).toBe('1. Recall one\n2. Recall two\n3. Recall three');
  });

  it('shows the model the images of the prompt, in order', async () => {
    const threadId = await world.createThread(runner);
    const folder = join(world.root, IMAGES_FOLDER, threadId);
    await mkdir(folder, { recursive: true });
    const size = { bytes: 1, width: 6, height: 4 };
    const images = (['image/png', 'image/jpeg'] as const).map((media_type) => ({
      image_id: randomUUID(),
      media_type,
      ...size,
    }));
    for (const { image_id: id, media_type: type } of images)
      await writeFile(join(folder, `${id}.${IMAGE_EXTENSIONS[type]}`), SAMPLE_IMAGES[type]);
    const input = { kind: 'prompt', prompt: 'Recall these', images };
    const { body } = await runner.call('POST', '/runs', { threadId, input });
    const [answer] = completedItems(await world.ended(String(body['runId'])));
    expect(answer?.['text']).toBe('1. Recall these');
    const seen = world.model.requests.find(({ prompts }) => prompts.at(-1) === 'Recall these')?.images;
    const png = `data:image/png;base64,${SAMPLE_IMAGES['image/png'].toString('base64')}`;
    expect(seen).toEqual([png, expect.stringMatching(/^data:image\/jpeg;base64,/)]);
  });

  it('says why the model did not answer', async () => {
    const events = await prompt('Refused');
    expect(events.at(-1)?.type).toBe('run.failed');
    expect(dataOf(events, 'turn.failed')).toHaveLength(1);
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('refused the request (400): "No"');
  });

  it('goes on when the model’s answer breaks off, and logs the whole answer only', async () => {
    const events = await prompt('Dropped');
    expect(events.at(-1)?.type).toBe('run.succeeded');
    expect(completedItems(events)).toMatchObject([{ type: 'agent_message', text: 'Whole.' }]);
  });

  it('leaves no process and no open item when it is interrupted at any moment', async () => {
    const threadId = await world.createThread(runner);
    for (const [index, text] of ['Busy', 'Talk', 'Busy', 'Talk', 'Busy', 'Busy'].entries()) {
      const runId = await world.startRun(runner, threadId, `${text} ${index}`);
      await world.started(runId);
      await delay(Math.random() * 1_000);
      await runner.call('POST', `/runs/${runId}/cancel`);
      const events = await world.ended(runId);
      expect(events.at(-1)?.type).toBe('run.cancelled');
      expect(openItems(events)).toEqual([]);
      expect(await processesWith(runId)).toEqual([]);
    }
    const next = await prompt('Recall', threadId);
    expect(next.at(-1)?.type).toBe('run.succeeded');
  });

  it('ends a run that prints more than its log may hold', async () => {
    const events = await prompt('Print');
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('MAX_RUN_LOG_MB');
  });

  it('reports what the network does not allow', async () => {
    const events = await prompt('Fetch');
    expect(dataOf(events, 'network.refused')).toMatchObject([
      { host: 'example.invalid', reason: 'network_off' },
    ]);
  });

  const work = async (input: object, threadId: string) => {
    const { body } = await runner.call('POST', '/runs', { threadId, input });
    return world.ended(String(body['runId']));
  };

  it('reports what a review has found, and nothing twice, if it can', async () => {
    const threadId = await world.createThread(runner);
    await prompt('Work', threadId);
    const events = await work({ kind: 'review', target: { type: 'changes' } }, threadId);
    expect(events[0]).toMatchObject({ type: 'run.started', data: { kind: 'review' } });
    const [end] = events.slice(-1);
    if (engine === 'sdk') {
      expect(end).toMatchObject({ type: 'run.failed', data: { reason: expect.stringContaining('ENGINE') } });
      return;
    }
    expect(end?.type).toBe('run.succeeded');
    const finding = { title: 'Say which note', text: 'There are two.\n\nName it.', priority: 1 };
    expect(completedItems(events)).toMatchObject([
      { type: 'command_execution' },
      {
        type: 'review',
        text: 'One mistake.',
        findings: [{ ...finding, path: 'NOTE.md', first_line: 1, last_line: 2 }],
      },
    ]);
    expect(openItems(events)).toEqual([]);
    expect(dataOf(events, 'item.delta').filter((delta) => delta.item_type === 'agent_message')).toEqual([]);
  });

  it('compacts a conversation, which then goes on from the summary, if it can', async () => {
    const threadId = await world.createThread(runner);
    await prompt('Recall plums', threadId);
    const events = await work({ kind: 'compact' }, threadId);
    if (engine === 'sdk') return expect(events.at(-1)?.type).toBe('run.failed');
    expect(events.at(-1)?.type).toBe('run.succeeded');
    expect(completedItems(events)[0]).toMatchObject({ type: 'context_compaction', status: 'completed' });
    const [usage] = dataOf(events, 'run.succeeded');
    const [turn] = dataOf(events, 'turn.completed');
    expect(turn?.usage.input_tokens).toBe(usage?.usage?.input_tokens);
    await prompt('Recall more', threadId);
    const request = world.model.requests.findLast(({ prompts }) => prompts.at(-1) === 'Recall more');
    expect(request?.prompts.join('\n')).toContain('They like plums.');
  });

  it('can be stopped in a review and in a compaction', async () => {
    if (engine === 'sdk') return;
    const threadId = await world.createThread(runner);
    await prompt('Work', threadId);
    const review = { kind: 'review', target: { type: 'custom', instructions: 'Talk about it' } };
    const { body } = await runner.call('POST', '/runs', { threadId, input: review });
    const runId = String(body['runId']);
    await waitFor(() => world.requestsFor('Talk about it') > 0);
    await runner.call('POST', `/runs/${runId}/cancel`);
    expect((await world.ended(runId)).at(-1)?.type).toBe('run.cancelled');
    expect(await processesWith(runId)).toEqual([]);
    const next = await prompt('Recall', threadId);
    expect(next.at(-1)?.type).toBe('run.succeeded');
  });

  it('fails a review without an answer', async () => {
    if (engine === 'sdk') return;
    const threadId = await world.createThread(runner);
    const events = await work(
      { kind: 'review', target: { type: 'custom', instructions: 'Say nothing' } },
      threadId,
    );
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('The reviewer gave no answer');
    expect(completedItems(events)).toEqual([]);
  });

  it('says how full the context is, if it knows', async () => {
    const events = await prompt('Recall how much');
    const known = dataOf(events, 'context.updated');
    expect(known).toHaveLength(engine === 'sdk' ? 0 : 1);
    expect(known[0]?.window_tokens ?? 1).toBeGreaterThan(known[0]?.used_tokens ?? 0);
    expect(dataOf(events, 'run.succeeded')[0]?.context).toEqual(known[0]);
  });

  it('gives Codex the instructions of the repository, and starts nothing that it names', async () => {
    const threadId = await world.createThread(runner);
    const repo = (name: string) => world.folder(threadId, 'repo', name);
    await writeFile(repo('AGENTS.md'), 'Always say plum.');
    await mkdir(repo('.codex'));
    const server = '[mcp_servers.bad]\ncommand = "/bin/sh"\nargs = ["-c", "touch started; sleep 1"]\n';
    await writeFile(repo('.codex/config.toml'), server);
    await prompt('Recall instructions', threadId);
    const request = world.model.requests.findLast(({ prompts }) => prompts.at(-1) === 'Recall instructions');
    expect(request?.context.join('\n')).toContain('Always say plum.');
    await expect(readFile(repo('started'))).rejects.toThrow('ENOENT');
  });
});
