import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Home } from '@saas-codex/contracts/home';
import type { StartRun } from '@saas-codex/contracts/runner-api';
import type { Run, RunItemPage } from '@saas-codex/contracts/runs';
import type { Secret } from '@saas-codex/contracts/secrets';
import type { Session } from '@saas-codex/contracts/sessions';
import { waitFor } from '@saas-codex/testing/wait-for';
import { RunScan } from '../src/runs/run-scan.js';
import { RunnerClient } from '../src/runner-client/runner-client.js';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

/** A setup script that waits until the test lets it continue. */
const GATED = 'until [ -e go ]; do sleep 0.05; done; echo made > made.txt';
const FAILING = 'echo trying; exit 3';

let world: SessionsWorld;

beforeAll(async () => {
  world = await SessionsWorld.create();
  await world.startRunner();
});
afterAll(() => world.destroy());

const open = (id: string) => writeFile(join(world.root, id, 'repo', 'go'), '');
const patch = (id: string, body: object) => world.call<Session>('PATCH', `/api/sessions/${id}`, body);
const runSetup = (id: string, headers = {}) =>
  world.call<Run>('POST', `/api/sessions/${id}/setup`, undefined, headers);
const withScript = async (script: string) => (await world.create({ setup: { script } })).body;
const setupOf = async (id: string) => (await world.runs(id)).findLast(({ kind }) => kind === 'setup')!;

/** Whether the run is a prompt that waits only for the setup. */
async function isHeld(run: Run): Promise<boolean> {
  const scanned = await world.backend.app.get(RunScan, { strict: false }).due();
  const { body } = await world.call<Run>('GET', `/api/runs/${run.run_id}`);
  return body.status === 'queued' && scanned.every(({ sessionId }) => sessionId !== run.session_id);
}

/** A session whose setup has failed, with a waiting prompt. */
async function stuck(): Promise<{ id: string; prompt: Run }> {
  const { session_id: id } = await withScript(FAILING);
  const prompt = await world.prompt(id, 'Note');
  await world.runIs((await setupOf(id)).run_id, 'failed');
  await waitFor(() => isHeld(prompt));
  return { id, prompt };
}

describe('a session with a setup script', () => {
  it('runs it before any prompt, as a run with events and changes of its own', async () => {
    const created = await world.create({ setup: { script: GATED } });
    expect(created).toMatchObject({ status: 201, body: { setup: { script: GATED } } });
    const { session_id: id } = created.body;
    const prompt = await world.prompt(id, 'Note it');
    const setup = await setupOf(id);
    expect(setup).toMatchObject({ kind: 'setup', prompt: GATED });
    await world.runIs(setup.run_id, 'running');
    expect(await world.session(id)).toMatchObject({ setup_status: 'running', title: 'Note it' });
    expect(await runSetup(id)).toMatchObject({ status: 409, body: { code: 'setup_in_progress' } });

    await open(id);
    expect(await world.runIs(setup.run_id, 'succeeded')).toMatchObject({ usage: null, diff: { files: 2 } });
    const after = await world.runIs(prompt.run_id, 'succeeded');
    expect(after).toMatchObject({ kind: 'prompt', diff: { files: 1 } });
    expect(await world.session(id)).toMatchObject({ setup_status: 'succeeded', diff: { files: 3 } });
    const types = (await world.log(setup.run_id)).map(({ type }) => type);
    expect(types.filter((type) => type !== 'item.delta')).toEqual([
      'run.started',
      'checkpoint.created',
      'item.started',
      'item.completed',
      'run.succeeded',
    ]);
  });

  it('holds prompts back after the setup has failed, even across a restart, until a new script succeeds', async () => {
    const { id, prompt } = await stuck();
    expect((await setupOf(id)).error).toContain('exit code 3');
    await world.closeBackend(world.backend);
    world.backend = await world.startBackend();
    expect(await world.session(id)).toMatchObject({ setup_status: 'failed', setup: { script: FAILING } });
    expect(await isHeld(prompt)).toBe(true);

    const edited = await patch(id, { setup: { script: 'true' } });
    expect(edited).toMatchObject({
      status: 200,
      body: { setup: { script: 'true' }, setup_status: 'failed' },
    });
    expect(await runSetup(id)).toMatchObject({ status: 202, body: { kind: 'setup', prompt: 'true' } });
    const done = await world.runIs(prompt.run_id, 'succeeded');
    const { ended_at: setUp } = await setupOf(id);
    expect(String(done.started_at) >= String(setUp)).toBe(true);
  });

  it('continues without it when the script is removed, and lets a waiting prompt be cancelled', async () => {
    const { id, prompt } = await stuck();
    const unwanted = await world.prompt(id, 'Note');
    expect((await world.call('POST', `/api/runs/${unwanted.run_id}/cancel`)).status).toBe(202);
    await world.runIs(unwanted.run_id, 'cancelled');
    expect(await isHeld(prompt)).toBe(true);
    expect(await patch(id, { setup: null })).toMatchObject({ status: 200, body: { setup: null } });
    await world.runIs(prompt.run_id, 'succeeded');
    expect(await runSetup(id)).toMatchObject({ status: 409, body: { code: 'setup_missing' } });
  });

  it('ends a running setup when the script is removed', async () => {
    const { session_id: id } = await withScript(GATED);
    const setup = await setupOf(id);
    await world.runIs(setup.run_id, 'running');
    const prompt = await world.prompt(id, 'Note');
    await patch(id, { setup: null });
    await world.runIs(setup.run_id, 'cancelled');
    await world.runIs(prompt.run_id, 'succeeded');
  });

  it('runs again at any time, ahead of waiting prompts', async () => {
    const { session_id: id } = await withScript('true');
    await world.runIs((await setupOf(id)).run_id, 'succeeded');
    const held = await world.prompt(id, 'Hold');
    await world.runIs(held.run_id, 'running');
    const prompt = await world.prompt(id, 'Note');
    const again = (await runSetup(id)).body;
    expect(await world.session(id)).toMatchObject({ setup_status: 'queued' });
    await world.call('POST', `/api/runs/${held.run_id}/cancel`);
    await patch(id, { queue_held: false });
    const { started_at: startedAt } = await world.runIs(prompt.run_id, 'succeeded');
    expect(String(startedAt) >= String((await world.runIs(again.run_id, 'succeeded')).ended_at)).toBe(true);
    // The next run starts from where the prompt ended, although the setup was queued later.
    const next = await world.prompt(id, 'Note');
    expect(await world.runIs(next.run_id, 'succeeded')).toMatchObject({ diff: { files: 1 } });
  });

  it('creates one setup run when a request with the same key is repeated', async () => {
    const key = { [HEADERS.idempotencyKey]: randomUUID() };
    const body = { setup: { script: 'true' } };
    const made = await Promise.all([world.create(body, key), world.create(body, key)]);
    const [id] = new Set(made.map((answer) => answer.body.session_id));
    await world.runIs((await setupOf(String(id))).run_id, 'succeeded');
    const again = { [HEADERS.idempotencyKey]: randomUUID() };
    const [first, second] = [await runSetup(String(id), again), await runSetup(String(id), again)];
    expect(second).toEqual(first);
    expect(await world.runs(String(id))).toHaveLength(2);
  });

  it('cannot run in a session that is archived or has failed', async () => {
    const { session_id: id } = await withScript('true');
    await world.runIs((await setupOf(id)).run_id, 'succeeded');
    await patch(id, { status: 'archived' });
    expect(await runSetup(id)).toMatchObject({ status: 409, body: { code: 'session_archived' } });

    const failed = await world.begin({ repo_url: `${world.git.origin}/none.git`, setup: { script: 'true' } });
    await world.sessionIs(failed.session_id, 'failed');
    expect(await world.runIs((await setupOf(failed.session_id)).run_id, 'failed')).toMatchObject({
      started_at: null,
    });
    expect(await runSetup(failed.session_id)).toMatchObject({ body: { code: 'session_failed' } });
  });

  it('gets its own network, and prompts get the network and trust that the session has when they start', async () => {
    const client = world.backend.app.get(RunnerClient, { strict: false });
    const startRun = client.startRun.bind(client);
    // A busy runner refuses a run, which is then handed over again.
    const handedOver = new Map<string, StartRun>();
    client.startRun = (run) => {
      handedOver.set(String(run.runId), run);
      return startRun(run);
    };
    const setup = { script: 'true', network: { mode: 'on' } };
    const network = { mode: 'allow_list', hosts: [{ host: 'example.com', methods: 'any' }] };
    const { session_id: id, trust_repository } = (await world.create({ setup, network })).body;
    expect(trust_repository).toBe(false);
    await world.runIs((await setupOf(id)).run_id, 'succeeded');
    const changed = { network: { mode: 'off' }, trust_repository: true };
    expect((await patch(id, { ...changed, setup: { script: 'true' } })).body).toMatchObject({
      ...changed,
      setup_status: 'succeeded',
    });
    await world.runIs((await world.prompt(id, 'Note')).run_id, 'succeeded');
    await world.runIs((await runSetup(id)).body.run_id, 'succeeded');
    const settings = [...handedOver.values()].map(({ input, network: reach, trustRepository = false }) => [
      input.kind,
      reach?.mode,
      trustRepository,
    ]);
    expect(settings).toEqual([
      ['setup', 'on', false],
      ['prompt', 'off', true],
      ['setup', 'off', false],
    ]);
    const untrusted = await patch(id, { trust_repository: false });
    expect(untrusted.body).toMatchObject({ network: { mode: 'off' }, trust_repository: false });
    expect(await patch(id, { trust_repository: 'yes' })).toMatchObject({ status: 400 });
    expect(await patch(id, { network: { mode: 'some' } })).toMatchObject({ status: 400 });
  });
});

describe('the secrets of a session', () => {
  const VALUE = 'the value of a secret';
  const jobs = async () =>
    Promise.all(
      (await world.redis.keys('codex:queue*')).map((key) => world.redis.hget(key, 'data').catch(() => '')),
    );

  it('go to its setup script and its prompts, sealed, and a deleted one ends the run with a sentence', async () => {
    const saved = await world.call<Secret>('POST', '/api/secrets', { name: 'TOKEN_OF_SPEC', value: VALUE });
    const setup = { script: `test \${#TOKEN_OF_SPEC} = ${VALUE.length}; echo "got $TOKEN_OF_SPEC"` };
    const { session_id: id } = (await world.create({ setup, secrets: ['TOKEN_OF_SPEC'] })).body;
    const run = await setupOf(id);
    await world.runIs(run.run_id, 'succeeded');
    const items = await world.call<RunItemPage>('GET', `/api/runs/${run.run_id}/items`);
    expect(items.body.items[0]).toMatchObject({
      aggregated_output: 'got [secret TOKEN_OF_SPEC]\n',
    });
    expect((await jobs()).join()).not.toContain(VALUE);
    await world.call('DELETE', `/api/secrets/${saved.body.secret_id}`);
    const prompted = await world.prompt(id, 'Note');
    await world.runIs(prompted.run_id, 'failed');
    expect((await world.call<Run>('GET', `/api/runs/${prompted.run_id}`)).body.error).toBe(
      'The secret TOKEN_OF_SPEC no longer exists. Save it again in Settings → Secrets, or take it out of the session’s environment.',
    );
    await patch(id, { secrets: [] });
    await world.runIs((await world.prompt(id, 'Note')).run_id, 'succeeded');
  });
});

describe('the HOME of a session', () => {
  /** Installs a program that prints a text. */
  const install = (text: string) =>
    `mkdir -p ~/.local/bin; printf '#!/bin/sh\\necho ${text}\\n' > ~/.local/bin/tool; chmod +x ~/.local/bin/tool`;
  const homeOf = async (id: string) =>
    (await world.call<Home>('GET', `/api/sessions/${id}/home`)).body.layers;
  const changesOf = async (id: string) =>
    (await homeOf(id)).map(({ changes }) => changes.map(({ path, status }) => `${status} ${path}`));
  const reset = (id: string) => world.call('DELETE', `/api/sessions/${id}/home`);
  const runScript = async (id: string, script: string) => {
    await writeFile(join(world.root, id, 'repo', 'script.sh'), script);
    return (await world.runIs((await world.prompt(id, 'Script')).run_id, 'succeeded')).run_id;
  };

  it('shows what agents changed in it, however they hide that, and forgets it on request', async () => {
    const { session_id: id } = await withScript(
      `${install('tool')}; touch ~/kept ~/gone; mkdir ~/old; touch ~/old/file; ln -s kept ~/link`,
    );
    await world.runIs((await setupOf(id)).run_id, 'succeeded');
    await runScript(id, 'true');
    const ofSetup = ['.local/bin/tool', 'gone', 'kept', 'link', 'old/file'].map((path) => `added ${path}`);
    expect(await changesOf(id)).toEqual([ofSetup, []]);

    const disguise = 'touch -r ~/kept ~/time; TOOL=~/.local/bin/tool; touch -r $TOOL ~/time; ';
    await runScript(
      id,
      `${disguise} sed -i s/tool/TOOL/ $TOOL; touch -r ~/time $TOOL; rm ~/time ~/gone; mv ~/old ~/new
       echo planted > ~/.bashrc; ln -sfn /etc ~/link`,
    );
    const changed = [
      'added .bashrc',
      'modified .local/bin/tool',
      'deleted gone',
      'modified link',
      'added new/file',
      'deleted old/file',
    ];
    expect(await changesOf(id)).toEqual([ofSetup, changed]);
    expect((await homeOf(id))[1]).toMatchObject({ layer: 'agents', files: 6 });
    await runScript(id, 'mkdir ~/.x; touch ~/.x/y; chmod 000 ~/.x ~');

    expect((await reset(id)).status).toBe(204);
    expect((await reset(id)).status).toBe(204);
    expect(await changesOf(id)).toEqual([ofSetup, []]);
    await runScript(id, 'tool > ~/printed; cat ~/printed > printed.txt');
    expect(await readFile(join(world.root, id, 'repo', 'printed.txt'), 'utf8')).toBe('tool\n');
    expect(await changesOf(id)).toEqual([ofSetup, ['added printed']]);
  });

  it('is not reset while a run works', async () => {
    const { session_id: id } = await withScript('true');
    const run = await world.prompt(id, 'Hold');
    await world.runIs(run.run_id, 'running');
    expect(await reset(id)).toMatchObject({ status: 409, body: { code: 'session_busy' } });
    await world.call('POST', `/api/runs/${run.run_id}/cancel`);
    await world.runIs(run.run_id, 'cancelled');
    expect((await reset(id)).status).toBe(204);
  });
});
