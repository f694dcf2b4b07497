import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { Readiness, RunnerHealth, SystemInfo } from '@saas-codex/contracts/system';
import { waitFor } from '@saas-codex/testing/wait-for';
import { Queue } from 'bullmq';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const RUN_ID = '0b0f7a86-2f3b-4b8e-9d53-6f6a1f7c3c11';

describe("the runner's API", () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create([
      { name: 'hello', match: 'Hello', steps: [{ do: 'message', text: 'Hi.' }] },
    ]);
    runner = await world.startRunner();
  });
  afterAll(() => world.destroy());

  it.each([
    ['POST', '/threads'],
    ['POST', '/runs'],
    ['POST', `/runs/${RUN_ID}/cancel`],
    ['GET', `/runs/${RUN_ID}/events`],
    ['GET', '/system'],
    ['GET', '/HEALTH'],
  ])('requires the service credential for %s %s', async (method, path) => {
    for (const token of ['', 'wrong']) {
      const answer = await runner.call(method, path, method === 'POST' ? {} : undefined, token);
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    }
  });

  it('refuses a request with an unknown field, which may be a limit from a newer backend', async () => {
    const threadId = await world.createThread(runner);
    const run = { runId: RUN_ID, threadId, prompt: 'Hi', maxCost: 5 };
    const started = await runner.call('POST', '/runs', run);
    expect(started).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect((await runner.call('GET', `/runs/${RUN_ID}`)).body).toEqual({ held: false });
    // A cancel needs nothing but its address.
    const cancelled = await runner.call('POST', `/runs/${RUN_ID}/cancel`, { reason: 'budget' });
    expect(cancelled).toMatchObject({ status: 202, body: { runId: RUN_ID } });
  });

  it('reports its health and isolation to every caller, and its configuration to the backend only', async () => {
    const health = await runner.call('GET', '/health', undefined, '');
    expect(health.status).toBe(200);
    expect(RunnerHealth.strict().parse(health.body)).toMatchObject({
      status: 'ok',
      isolation: 'bubblewrap',
      isolation_reason: 'bubblewrap works on this machine.',
      limits_reason: expect.stringMatching(/^The (kernel|runner) .*\.$/) as unknown,
    });
    const { body } = await runner.call('GET', '/system');
    expect(SystemInfo.parse(body)).toMatchObject({ model_source: 'compatible', isolation: 'bubblewrap' });
  });

  it('reports to every caller whether it is ready, and what is missing', async () => {
    const missing = async () => {
      const { status, body } = await runner.call('GET', '/ready', undefined, '');
      const { checks } = Readiness.parse(body);
      return [status, ...checks.filter(({ ready }) => !ready).map(({ name }) => name)];
    };
    expect(await missing()).toEqual([200]);
    const elsewhere = `${world.root}-elsewhere`;
    await rename(world.root, elsewhere);
    await waitFor(async () => (await missing()).join() === '503,workspaces');
    await rename(elsewhere, world.root);
    await waitFor(async () => (await missing()).join() === '200');
  });

  it('creates one thread per workspace', async () => {
    const sessionId = await world.createWorkspace();
    const body = { workingDirectory: world.folder(sessionId, 'repo'), skipGitRepoCheck: true };
    const expected = { status: 201, body: { threadId: sessionId } };
    expect(await runner.call('POST', '/threads', body)).toEqual(expected);
    expect(await runner.call('POST', '/threads', body)).toEqual(expected);
    expect(new Set(await readdir(world.folder(sessionId)))).toEqual(
      new Set(['codex-home', 'repo', 'thread.json']),
    );
  });

  it('rejects every working directory that is not the repository of a workspace', async () => {
    const sessionId = await world.createWorkspace();
    const repo = world.folder(sessionId, 'repo');
    const [linkedRepo, linkedSession, outside] = [randomUUID(), randomUUID(), randomUUID()];
    await mkdir(world.folder(linkedRepo));
    await symlink(repo, world.folder(linkedRepo, 'repo'));
    await symlink(world.folder(sessionId), world.folder(linkedSession));
    const refused = [
      world.folder(sessionId),
      join(repo, '.git'),
      `${repo}/`,
      `${repo}/../repo`,
      `${world.root}/${sessionId}/x/../repo`,
      `/tmp/${sessionId}/repo`,
      `${sessionId}/repo`,
      world.folder('not-an-id', 'repo'),
      world.folder(outside, 'repo'),
      world.folder(linkedRepo, 'repo'),
      world.folder(linkedSession, 'repo'),
      `${repo}\0`,
      '/etc',
    ];
    for (const workingDirectory of refused) {
      const { status, body } = await runner.call('POST', '/threads', { workingDirectory });
      expect({ workingDirectory, status, code: body['code'] }).toEqual({
        workingDirectory,
        status: 400,
        code: 'invalid_request',
      });
    }
    expect(await readdir(world.folder(sessionId))).toEqual(['repo']);
    expect(await readdir(world.folder(linkedRepo))).toEqual(['repo']);
  });

  it('rejects invalid runs', async () => {
    const threadId = await world.createThread(runner);
    const start = (body: object) => runner.call('POST', '/runs', body);
    expect(await start({ threadId: randomUUID(), prompt: 'Hello' })).toMatchObject({
      status: 404,
      body: { code: 'thread_not_found' },
    });
    for (const body of [
      {},
      { threadId },
      { threadId, prompt: '' },
      { threadId: '../x', prompt: 'Hello' },
      { threadId, prompt: 'Hello', runId: 'x' },
      { threadId, prompt: 'Hello', more: true },
      { threadId, prompt: 'Hello', input: { kind: 'prompt', prompt: 'Hello' } },
      { threadId, input: { kind: 'prompt', script: 'true' } },
      { threadId, input: { kind: 'setup', script: 'true' }, kind: 'prompt' },
    ]) {
      expect(await start(body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    expect(await runner.call('POST', '/runs/x/cancel')).toMatchObject({ status: 400 });
  });

  it.each([
    [{ input: { kind: 'setup', script: 'true' } }, 'setup', 'true'],
    [{ kind: 'setup', prompt: 'true' }, 'setup', 'true'],
    [{ prompt: 'Hello' }, 'prompt', 'Hello'],
  ])(
    'starts a run with %j, and with the form of an older backend that does not know `input`',
    async (body, kind, text) => {
      const threadId = await world.createThread(runner);
      const { body: started } = await runner.call('POST', '/runs', { threadId, ...body });
      const events = await world.ended(String(started['runId']));
      expect(events[0]).toMatchObject({ type: 'run.started', data: { kind, prompt: text } });
      expect(events.at(-1)?.type).toBe('run.succeeded');
    },
  );

  it('executes a run that an earlier version has queued', async () => {
    const sessionId = await world.createThread(runner);
    const { host, port, password } = world.redis.options;
    const connection = { host: String(host), port: Number(port), password: String(password) };
    const queue = new Queue('runs', { connection, prefix: REDIS_KEYS.queuePrefix });
    const runId = randomUUID();
    const data = {
      owner: { runId, sessionId, tenantId: 'local' },
      kind: 'setup',
      prompt: 'echo as before',
      network: { mode: 'off' },
      checkpoint: null,
    };
    await queue.add('run', data, { jobId: runId, priority: 1 });
    const events = await world.ended(runId);
    expect(events[0]).toMatchObject({ data: { kind: 'setup', prompt: 'echo as before' } });
    expect(events.at(-1)?.type).toBe('run.succeeded');
    await queue.close();
  });
});
