import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { RunEvent } from '@saas-codex/contracts/events';
import { CommandExecutionItem } from '@saas-codex/contracts/items';
import type { Network } from '@saas-codex/contracts/network';
import { waitFor } from '../../../tests/support/wait-for.js';
import type { RunnerProcess } from './support/runner-process.js';
import { dataOf, processesWith, RunnerWorld } from './support/runner-world.js';

const DAEMONS = '(setsid sleep 1000 &); nohup sleep 1000 & echo daemons run';
const USES_TOOL = { do: 'command' as const, cmd: 'installed-tool' };
const SCENARIOS = [
  { name: 'use', match: 'Use', steps: [USES_TOOL, { do: 'message' as const, text: 'Done.' }] },
];

let world: RunnerWorld;
let runner: RunnerProcess;
let threadId: string;

async function setUp(script: string, network: Network = { mode: 'off' }): Promise<string> {
  const { body } = await runner.call('POST', '/runs', { threadId, kind: 'setup', prompt: script, network });
  return String(body['runId']);
}
const outputOf = (events: RunEvent[]) =>
  dataOf(events, 'item.delta')
    .map(({ text }) => text)
    .join('');
const resultOf = (events: RunEvent[]) =>
  CommandExecutionItem.parse(dataOf(events, 'item.completed')[0]?.item);
const shows = (runId: string, text: string) =>
  waitFor(async () => outputOf(await world.log(runId)).includes(text), { what: `${text} to be shown` });
/** Of a script that is expected to succeed. */
async function printed(script: string): Promise<string> {
  const events = await world.ended(await setUp(script));
  expect(events.at(-1)).toMatchObject({ type: 'run.succeeded' });
  return resultOf(events).aggregated_output;
}

beforeAll(async () => {
  world = await RunnerWorld.create(SCENARIOS);
});
afterAll(() => world.destroy());

describe.each(['bubblewrap', 'codex-sandbox', 'none'])('a setup script in isolation %s', (isolation) => {
  beforeAll(async () => {
    runner = await world.startRunner({ ISOLATION: isolation });
    threadId = await world.createThread(runner);
  });
  afterAll(() => runner.end());

  it('works in the repository, and is seen at work; Codex has no part in it', async () => {
    const asked = world.model.requests.length;
    const script = 'echo one; echo two >&2; until [ -e go ]; do sleep 0.05; done; [[ -e go ]]; echo three';
    const runId = await setUp(script);
    await shows(runId, 'one\ntwo\n');
    await writeFile(world.folder(threadId, 'repo', 'go'), '');
    const events = await world.ended(runId);
    const durable = events.filter(({ type }) => type !== 'item.delta');
    expect(durable.map(({ type }) => type)).toEqual([
      'run.started',
      'item.started',
      'item.completed',
      'run.succeeded',
    ]);
    expect(dataOf(events, 'run.started')[0]).toMatchObject({ kind: 'setup', prompt: script, model: null });
    expect(dataOf(events, 'item.delta')[0]).toMatchObject({
      item_type: 'command_execution',
      stream_id: 'setup',
    });
    expect(resultOf(events)).toMatchObject({
      id: 'setup',
      command: script,
      aggregated_output: 'one\ntwo\nthree\n',
      exit_code: 0,
      status: 'completed',
    });
    expect(world.model.requests).toHaveLength(asked);
  });

  it('fails with its first command that fails, and says with what', async () => {
    const events = await world.ended(await setUp('read line || echo no input\n(exit 3)\necho not reached'));
    expect(resultOf(events)).toMatchObject({
      aggregated_output: 'no input\n',
      exit_code: 3,
      status: 'failed',
    });
    expect(dataOf(events, 'run.failed')).toEqual([
      { reason: 'The setup script ended with exit code 3. Mend it, or run it again.' },
    ]);
  });

  it('takes what it has left behind with it', async () => {
    const runId = await setUp(DAEMONS);
    expect((await world.ended(runId)).at(-1)?.type).toBe('run.succeeded');
    expect(await processesWith(runId)).toEqual([]);
  });

  it('leaves no process when it is cancelled, and shows how far it got', async () => {
    const runId = await setUp(`${DAEMONS}; trap "" TERM INT HUP; sleep 1000`);
    await shows(runId, 'daemons run');
    await runner.call('POST', `/runs/${runId}/cancel`);
    const events = await world.ended(runId);
    expect(events.at(-1)).toMatchObject({
      type: 'run.cancelled',
      data: { reason: 'The setup was cancelled. Run it again, or go on without it.' },
    });
    expect(resultOf(events)).toMatchObject({ aggregated_output: 'daemons run\n', status: 'failed' });
    expect(await processesWith(runId)).toEqual([]);
  });

  it('does not change how Codex is configured', async () => {
    const home = world.folder(threadId, 'codex-home');
    const before = await readFile(`${home}/config.toml`, 'utf8');
    await world.ended(await setUp(`echo 'notify = ["sh"]' >> ${home}/config.toml || true`));
    await world.ended(await world.startRun(runner, threadId, 'Use'));
    expect(await readFile(`${home}/config.toml`, 'utf8')).toBe(before);
  });
});

describe('a setup script in a jail', () => {
  beforeAll(async () => {
    runner = await world.startRunner({ ISOLATION: 'bubblewrap' });
    threadId = await world.createThread(runner);
  });
  afterAll(() => runner.end());

  it('installs what later runs find', async () => {
    const tool = '$HOME/.local/bin/installed-tool';
    await printed(`mkdir -p ~/.local/bin; echo 'echo it works' > ${tool}; chmod +x ${tool}`);
    const events = await world.ended(await world.startRun(runner, threadId, 'Use'));
    expect(dataOf(events, 'item.completed')[0]?.item).toMatchObject({ aggregated_output: 'it works\n' });
  });

  it('fills neither the log nor memory with what it prints', async () => {
    const events = await world.ended(
      await setUp('echo begin; yes | head -c 300000000; echo the end'),
      60_000,
    );
    expect(outputOf(events).length).toBeLessThan(300_000);
    const { aggregated_output: output } = resultOf(events);
    expect(output).toMatch(/^begin\n[^]*… \d+ characters left out …[^]*\nthe end\n$/);
    expect(output.length).toBeLessThan(140_000);
  }, 90_000);

  it('reads nothing but its own session, and no more than agents can', async () => {
    const other = await world.createWorkspace();
    await mkdir(world.folder(other, 'repo'), { recursive: true });
    await writeFile(world.folder(other, 'repo', 'secret'), 'secret');
    const places = [
      world.folder(other, 'repo', 'secret'),
      world.folder(threadId, 'thread.json'),
      '/etc/shadow',
    ];
    expect(await printed(`cat ${places.join(' ')} 2>/dev/null || echo nothing`)).toBe('nothing\n');
    expect(await printed('env | grep -c TOKEN || true')).toBe('0\n');
  });

  it('has no network when that is off, and no model at all', async () => {
    const asked = world.model.requests.length;
    const port = new URL(runner.url).port;
    const probe = `(exec 9<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo reached || echo no host`;
    expect(await printed(probe)).toBe('no host\n');
    const ask = 'curl -s -o /dev/null -w "%{http_code}\\n"';
    const model = await printed(`${ask} --noproxy "*" -X POST http://127.0.0.1:39100/v1/responses`);
    expect(model).toMatch(/^4\d\d\n$/);
    const events = await world.ended(await setUp(`${ask} http://registry.example/`));
    expect(resultOf(events).aggregated_output).toBe('403\n');
    expect(dataOf(events, 'network.refused')).toEqual([
      { host: 'registry.example', port: 80, reason: 'network_off' },
    ]);
    expect(world.model.requests).toHaveLength(asked);
  });
});

describe('a setup script in Codex’s own sandbox', () => {
  /** Where Codex looks for what to do, and with what. */
  const PLACES = ['AGENTS.md', 'hooks.json', 'hooks/a', 'skills/a/SKILL.md', 'prompts/a.md', 'rules/a.rules'];
  const MORE = ['plugins/a/plugin.json', 'agents/a.toml', 'packages/a', 'auth.json', '.local/bin/git'];

  beforeAll(async () => {
    runner = await world.startRunner({ ISOLATION: 'codex-sandbox' });
    threadId = await world.createThread(runner);
  });
  afterAll(() => runner.end());

  it('plants nothing in the folder that Codex reads, which is not confined there', async () => {
    await printed('true');
    const before = await readdir(world.folder(threadId, 'codex-home'));
    const plant = (path: string) => `mkdir -p "$(dirname ~/${path})" && echo planted > ~/${path}`;
    const script = [...PLACES, ...MORE]
      .map((path) => `(${plant(path)}) 2>/dev/null || echo refused`)
      .join('\n');
    expect(await printed(script)).toBe('refused\n'.repeat(PLACES.length + MORE.length));
    expect(await readdir(world.folder(threadId, 'codex-home'))).toEqual(before);
  });

  it('writes nowhere else, whatever the repository would have', async () => {
    const other = world.folder(await world.createWorkspace());
    await mkdir(world.folder(threadId, 'repo', '.codex'), { recursive: true });
    const settings = `[sandbox_workspace_write]\nwritable_roots = ["${other}"]\nnetwork_access = true\n`;
    await writeFile(world.folder(threadId, 'repo', '.codex', 'config.toml'), settings);
    const port = new URL(runner.url).port;
    const script = `(touch ${other}/planted) 2>/dev/null || echo no file
      (exec 9<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null || echo no host`;
    expect(await printed(script)).toBe('no file\nno host\n');
    const events = await world.ended(await setUp(script, { mode: 'on' }));
    expect(resultOf(events).aggregated_output).toBe('no file\n');
  });
});

describe('a setup script that cannot go on', () => {
  const settings = { ISOLATION: 'bubblewrap' };
  const LONG = 'echo begun; touch begun; sleep 1000';

  async function begin(more: Record<string, string> = {}): Promise<string> {
    runner = await world.startRunner({ ...settings, ...more });
    threadId = await world.createThread(runner);
    const runId = await setUp(LONG);
    await waitFor(() => access(world.folder(threadId, 'repo', 'begun')).then(() => true));
    return runId;
  }

  it('is ended when its time is up, with a reason that names the limit', async () => {
    const runId = await begin({ SETUP_TIMEOUT_MINUTES: '0.15' });
    const events = await world.ended(runId);
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('(SETUP_TIMEOUT_MINUTES)');
    expect(resultOf(events).aggregated_output).toBe('begun\n');
    expect(await processesWith(runId)).toEqual([]);
    await runner.end();
  });

  it('is ended at the limits that agents have, with a reason that names which', async () => {
    runner = await world.startRunner({ ...settings, JAIL_MAX_FILE_MB: '64' });
    threadId = await world.createThread(runner);
    const events = await world.ended(await setUp('head -c 70000000 /dev/zero > big'));
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('(JAIL_MAX_FILE_MB)');
    await runner.end();
  });

  it('is interrupted by a runner that goes', async () => {
    const runId = await begin();
    await runner.end('SIGTERM');
    expect(dataOf(await world.ended(runId), 'run.interrupted')).toEqual([
      { reason: 'The runner working on this was restarted. Run the setup again.' },
    ]);
    expect(await processesWith(runId)).toEqual([]);
  });

  it('is interrupted when its runner is killed, and is not run again', async () => {
    const runId = await begin();
    await runner.end('SIGKILL');
    await waitFor(async () => (await processesWith(runId)).length === 0);
    runner = await world.startRunner(settings);
    const events = await world.ended(runId, 40_000);
    expect(dataOf(events, 'run.interrupted')[0]?.reason).toContain('Run the setup again.');
    expect(dataOf(events, 'item.started')).toHaveLength(1);
    await runner.end();
  }, 60_000);
});
