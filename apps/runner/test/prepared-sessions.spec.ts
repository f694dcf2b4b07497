import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { sealGrant } from '@saas-codex/service-kit/run-grant';
import { type RunnerProcess, SERVICE_TOKEN } from '@saas-codex/testing/runner/runner-process';
import {
  dataOf,
  jailedCodex,
  processesNaming,
  processesWith,
  RunnerWorld,
} from '@saas-codex/testing/runner/runner-world';
import { waitFor } from '@saas-codex/testing/wait-for';

const SCENARIOS = [
  {
    name: 'wait',
    match: 'Wait',
    steps: [
      { do: 'command' as const, cmd: 'touch begun; until [ -e done ]; do sleep 0.05; done; rm done begun' },
      { do: 'message' as const, text: 'Done.' },
    ],
  },
  { name: 'recall', match: 'Recall', steps: [{ do: 'message' as const, text: '{{prompts}}' }] },
  {
    name: 'plant',
    match: 'Plant',
    steps: [
      {
        do: 'command' as const,
        cmd: 'mkdir -p ~/.local/bin; for name in git find sed lsb_release getconf; do printf "#!/bin/sh\\ntouch $PWD/planted\\n" > ~/.local/bin/$name; chmod +x ~/.local/bin/$name; done',
      },
      { do: 'message' as const, text: 'Planted.' },
    ],
  },
  { name: 'any', steps: [{ do: 'message' as const, text: 'Done.' }] },
];
const OFF = { mode: 'off' };
const SETTINGS = { network: OFF, model: null, effort: null, checkpoint: null };
const REQUESTS = [
  'POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  'GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n',
  'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
];

describe('prepared sessions', () => {
  let world: RunnerWorld;

  beforeAll(async () => {
    world = await RunnerWorld.create(SCENARIOS);
  });
  afterAll(() => world.destroy());

  const warm = (runner: RunnerProcess, threadId: string, settings: object = {}) =>
    runner.call('POST', `/threads/${threadId}/warm`, { ...SETTINGS, ...settings });

  /** Codex of the session: none, or one. */
  const codexOf = (threadId: string) => jailedCodex(world.folder(threadId, 'repo'));

  /** The Codex that waits for the session's next run. */
  async function prepared(runner: RunnerProcess, threadId: string, settings: object = {}): Promise<number> {
    expect(await warm(runner, threadId, settings)).toEqual({ status: 202, body: { threadId } });
    return waitFor(async () => (await codexOf(threadId))[0], { what: 'Codex to be prepared' });
  }

  const nothingLeft = (threadId: string) =>
    waitFor(async () => (await processesNaming(world.folder(threadId))).length === 0, {
      what: 'every process of the session to end',
    });

  async function start(runner: RunnerProcess, threadId: string, more: object): Promise<string> {
    const { body } = await runner.call('POST', '/runs', { threadId, prompt: 'Wait', ...more });
    return String(body['runId']);
  }

  /** Starts a run that waits in a command. @returns Codex meanwhile, and what ends the run */
  async function working(runner: RunnerProcess, threadId: string, more: object = {}) {
    const runId = await start(runner, threadId, more);
    await waitFor(() => world.exists(threadId, 'repo', 'begun'), { what: `run ${runId} to work` });
    return {
      runId,
      codex: await codexOf(threadId),
      finish: async () => {
        await world.write(threadId, 'repo', 'done');
        return world.ended(runId);
      },
    };
  }

  describe('on a runner', () => {
    let runner: RunnerProcess;

    beforeAll(async () => {
      runner = await world.startRunner({ MAX_WARM_SESSIONS: '2' });
    });
    afterAll(() => runner.end());

    it('give the next run, and only that, the Codex that waits', async () => {
      const threadId = await world.createThread(runner);
      const waiting = await prepared(runner, threadId);
      expect(await prepared(runner, threadId)).toBe(waiting);
      const first = await working(runner, threadId);
      expect(first.codex).toEqual([waiting]);
      expect((await first.finish()).at(-1)?.type).toBe('run.succeeded');
      expect(await processesNaming(world.folder(threadId))).toEqual([]);
      const second = await working(runner, threadId);
      expect(second.codex).not.toContain(waiting);
      expect((await second.finish()).at(-1)?.type).toBe('run.succeeded');
    });

    it('continue the conversation', async () => {
      const threadId = await world.createThread(runner);
      await world.ended(await world.startRun(runner, threadId, 'Recall one'));
      const waiting = await prepared(runner, threadId);
      const { codex, finish } = await working(runner, threadId);
      expect(codex).toEqual([waiting]);
      await finish();
      await prepared(runner, threadId);
      const events = await world.ended(await world.startRun(runner, threadId, 'Recall two'));
      const text = JSON.stringify(dataOf(events, 'item.completed'));
      for (const prompt of ['Recall one', 'Wait', 'Recall two']) expect(text).toContain(prompt);
    });

    it('let go of a conversation that is to be rewound', async () => {
      const threadId = await world.createThread(runner);
      await world.ended(await world.startRun(runner, threadId, 'Recall one'));
      const runId = await world.startRun(runner, threadId, 'Recall two');
      await world.ended(runId);
      await prepared(runner, threadId);
      const without = [{ runId, promptHash: createHash('sha256').update('Recall two').digest('hex') }];
      const { status } = await runner.call('POST', `/threads/${threadId}/conversations`, { without });
      expect(status).toBe(200);
      expect(await codexOf(threadId)).toEqual([]);
      const events = await world.ended(await world.startRun(runner, threadId, 'Recall three'));
      expect(events.at(-1)?.type).toBe('run.succeeded');
    });

    it('have no model and no network until their run begins', async () => {
      const threadId = await world.createThread(runner);
      const asked = world.model.requests.length;
      await prepared(runner, threadId, { network: { mode: 'on' } });
      const jails = await processesWith('SAAS_CODEX_JAIL=');
      const own = await processesNaming(world.folder(threadId));
      const jail = jails.find(({ pid }) => own.includes(pid));
      const folder = /SAAS_CODEX_JAIL=([^\0]+)/.exec(jail?.environment ?? '')?.[1] ?? '';
      const socketPath = join(folder, 'run.sock');
      for (const request of REQUESTS) expect(await answerOf(socketPath, request)).toBe('');
      expect(world.model.requests).toHaveLength(asked);

      const { finish } = await working(runner, threadId, { network: { mode: 'on' } });
      expect(await answerOf(socketPath, REQUESTS[0] ?? '')).toMatch(/^HTTP\/1\.1 /);
      await finish();
    });

    it('start nothing that an agent has put into its HOME', async () => {
      const threadId = await world.createThread(runner);
      await world.ended(await world.startRun(runner, threadId, 'Plant'));
      await prepared(runner, threadId);
      const { finish } = await working(runner, threadId);
      await finish();
      expect(await world.exists(threadId, 'repo', 'planted')).toBe(false);
    });

    const runId = randomUUID();
    it.each([
      ['another model', { input: { kind: 'prompt', prompt: 'Wait', model: 'gpt-5.1-codex-mini' } }],
      ['another effort', { input: { kind: 'prompt', prompt: 'Wait', effort: 'high' } }],
      ['another network', { network: { mode: 'on' } }],
      ['another workspace', { checkpoint: 'b'.repeat(40) }],
      [
        'a trusted repository',
        { trustRepository: true, input: { kind: 'prompt', prompt: 'Wait', model: 'gpt-5.1-codex' } },
      ],
      [
        'a secret',
        {
          runId,
          grant: sealGrant(
            SERVICE_TOKEN,
            { runId, tenantId: 'local' },
            { environment: { TOKEN: 'a-secret-of-the-run' } },
          ),
        },
      ],
    ])('are discarded by a run with %s', async (_, { input, ...more }: Record<string, unknown>) => {
      const threadId = await world.createThread(runner);
      const waiting = await prepared(runner, threadId);
      const request = { ...more, ...(input === undefined ? {} : { input, prompt: undefined }) };
      const { codex, finish } = await working(runner, threadId, request);
      expect(codex).toHaveLength(1);
      expect(codex).not.toContain(waiting);
      expect((await finish()).at(-1)?.type).toBe('run.succeeded');
    });

    it('are discarded by a setup script, and made anew when their settings change', async () => {
      const threadId = await world.createThread(runner);
      const first = await prepared(runner, threadId);
      await warm(runner, threadId, { effort: 'low' });
      const second = await waitFor(async () => (await codexOf(threadId)).find((pid) => pid !== first));
      await waitFor(async () => !(await codexOf(threadId)).includes(first));
      const { body } = await runner.call('POST', '/runs', {
        threadId,
        input: { kind: 'setup', script: 'true' },
      });
      expect((await world.ended(String(body['runId']))).at(-1)?.type).toBe('run.succeeded');
      expect(await codexOf(threadId)).not.toContain(second);
      await nothingLeft(threadId);
    });

    it('are discarded when the agent gets a new HOME, and with their session', async () => {
      const threadId = await world.createThread(runner);
      const first = await prepared(runner, threadId);
      // Until it is ready, there is nothing that a run could get.
      await waitFor(() => world.exists(threadId, 'homes', 'agent.json'));
      const reset = () => rm(world.folder(threadId, 'homes', 'agent'), { recursive: true, force: true });
      await reset();
      // A runner of an earlier version left it so, when it was killed while it wrote.
      await writeFile(world.folder(threadId, 'homes', 'agent.json'), '');
      const { codex, finish } = await working(runner, threadId);
      expect(codex).not.toContain(first);
      expect((await finish()).at(-1)?.type).toBe('run.succeeded');
      await prepared(runner, threadId);
      await rm(world.folder(threadId), { recursive: true, force: true, maxRetries: 3 });
      await nothingLeft(threadId);
    });

    it('are as many as may be: the one that nobody has asked for goes first', async () => {
      const threads = [];
      for (let index = 0; index < 3; index++) threads.push(await world.createThread(runner));
      const [one = '', two = '', three = ''] = threads;
      for (const threadId of [one, two, one]) await prepared(runner, threadId);
      await prepared(runner, three);
      await nothingLeft(two);
      expect(await codexOf(one)).toHaveLength(1);
    });
  });

  it('go when runs need their places', async () => {
    const runner = await world.startRunner({ MAX_CONCURRENT_RUNS: '1' });
    const [idle, busy] = [await world.createThread(runner), await world.createThread(runner)];
    await prepared(runner, idle);
    const { finish } = await working(runner, busy);
    await nothingLeft(idle);
    await warm(runner, idle);
    expect(await processesNaming(world.folder(idle))).toEqual([]);
    await finish();
    await runner.end();
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('end with their runner by %s', async (signal) => {
    const runner = await world.startRunner();
    const threadId = await world.createThread(runner);
    await prepared(runner, threadId);
    await runner.end(signal);
    await nothingLeft(threadId);
    // Its conversation is free.
    const next = await world.startRunner();
    const events = await world.ended(await world.startRun(next, threadId, 'Go on'));
    expect(events.at(-1)?.type).toBe('run.succeeded');
    await next.end();
  });

  it.each([{ MAX_WARM_SESSIONS: '0' }, { ISOLATION: 'none' }, { ENGINE: 'sdk' }])(
    'do not exist with %o',
    async (settings) => {
      const runner = await world.startRunner(settings as unknown as Record<string, string>);
      const threadId = await world.createThread(runner);
      expect((await warm(runner, threadId)).status).toBe(202);
      const events = await world.ended(await world.startRun(runner, threadId, 'Go'));
      expect(events.at(-1)?.type).toBe('run.succeeded');
      expect(await processesNaming(world.folder(threadId))).toEqual([]);
      await runner.end();
    },
  );

  it('are let go for a run that another runner has taken', async () => {
    // With one place it takes over no run.
    const [one, two] = [await world.startRunner({ MAX_CONCURRENT_RUNS: '1' }), await world.startRunner()];
    const threadId = await world.createThread(one);
    const takers = new Set<string>();
    for (let turn = 0; turn < 30 && takers.size < 2; turn++) {
      await prepared(one, threadId);
      const events = await world.ended(await world.startRun(two, threadId, `Recall ${turn}`));
      expect(events.at(-1)?.type).toBe('run.succeeded');
      takers.add(String(dataOf(events, 'run.started')[0]?.runner));
      await nothingLeft(threadId);
    }
    expect(takers.size).toBe(2);
    await Promise.all([one.end(), two.end()]);
  });

  describe('with several runners', () => {
    let one: RunnerProcess;
    let two: RunnerProcess;

    beforeEach(async () => {
      [one, two] = [await world.startRunner(), await world.startRunner()];
    });
    afterEach(() => Promise.all([one.end('SIGKILL'), two.end('SIGKILL')]));

    it('get the run, whichever runner takes it from the queue', async () => {
      const threadId = await world.createThread(one);
      for (let turn = 0; turn < 12; turn++) {
        const waiting = await prepared(one, threadId);
        const { codex, runId, finish } = await working(two, threadId);
        expect(codex).toEqual([waiting]);
        expect((await two.call('GET', `/runs/${runId}`)).body).toEqual({ held: true });
        expect((await finish()).at(-1)?.type).toBe('run.succeeded');
        await waitFor(async () => !(await two.call('GET', `/runs/${runId}`)).body['held'], {
          what: 'the job to be completed',
        });
      }
    });

    it('leave a run that is as lost as any other when its runner is killed', async () => {
      const threadId = await world.createThread(one);
      const waiting = await prepared(one, threadId);
      const { codex, runId } = await working(two, threadId);
      expect(codex).toEqual([waiting]);
      await one.end('SIGKILL');
      expect((await world.ended(runId)).at(-1)?.type).toBe('run.interrupted');
      await nothingLeft(threadId);
    });
  });
});

/** All that comes back until the connection closes, or the first piece of it. */
async function answerOf(socketPath: string, request: string): Promise<string> {
  const socket = connect(socketPath);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(request);
  const first = once(socket, 'data').then(([piece]) => String(piece));
  const answer = await Promise.race([first, text(socket).catch(() => '')]);
  socket.destroy();
  return answer;
}
