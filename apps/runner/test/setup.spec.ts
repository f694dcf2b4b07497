import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { resultOf, SetupScripts } from '@saas-codex/testing/runner/setup-scripts';

const DAEMONS = '(setsid sleep 1000 &); nohup sleep 1000 & echo daemons run';
const SCENARIOS = [{ name: 'any', steps: [{ do: 'message' as const, text: 'Done.' }] }];

let world: RunnerWorld;
let setups: SetupScripts;

beforeAll(async () => {
  world = await RunnerWorld.create(SCENARIOS);
});
afterAll(() => world.destroy());

describe.each(['bubblewrap', 'codex-sandbox', 'none'])('a setup script in isolation %s', (isolation) => {
  beforeAll(async () => {
    setups = await SetupScripts.startRunner(world, { ISOLATION: isolation });
  });
  afterAll(() => setups.runner.end());

  it('runs in the repository with live output and without Codex', async () => {
    const asked = world.model.requests.length;
    const script = 'echo one; echo two >&2; until [ -e go ]; do sleep 0.05; done; [[ -e go ]]; echo three';
    const runId = await setups.startScript(script);
    await setups.waitForOutput(runId, 'one\ntwo\n');
    await writeFile(world.folder(setups.threadId, 'repo', 'go'), '');
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

  it('fails with the first failing command and reports its exit code', async () => {
    const events = await setups.runScript('read line || echo no input\n(exit 3)\necho not reached');
    expect(resultOf(events)).toMatchObject({
      aggregated_output: 'no input\n',
      exit_code: 3,
      status: 'failed',
    });
    expect(dataOf(events, 'run.failed')).toEqual([
      { reason: 'The setup script failed with exit code 3. Fix it, or run it again.' },
    ]);
  });

  it('fails when the first part of a pipe fails', async () => {
    const events = await setups.runScript('cat no-such-file | cat\necho not reached');
    expect(resultOf(events)).toMatchObject({ exit_code: 1, status: 'failed' });
    expect(resultOf(events).aggregated_output).not.toContain('not reached');
  });

  it('may have line ends of Windows', async () => {
    expect(await setups.outputOfScript('cd /\r\nif true; then\r\n  echo "[$PWD]"\r\nfi\r\n')).toBe('[/]\n');
  });

  it('leaves no background process', async () => {
    const runId = await setups.startScript(DAEMONS);
    expect((await world.ended(runId)).at(-1)?.type).toBe('run.succeeded');
    expect(await processesWith(runId)).toEqual([]);
  });

  it('leaves no process when it is cancelled, and keeps its output so far', async () => {
    const runId = await setups.startScript(`${DAEMONS}; trap "" TERM INT HUP; sleep 1000`);
    await setups.waitForOutput(runId, 'daemons run');
    await setups.runner.call('POST', `/runs/${runId}/cancel`);
    const events = await world.ended(runId);
    expect(events.at(-1)).toMatchObject({
      type: 'run.cancelled',
      data: { reason: 'The setup was cancelled. Run it again, or go on without it.' },
    });
    expect(resultOf(events)).toMatchObject({ aggregated_output: 'daemons run\n', status: 'failed' });
    expect(await processesWith(runId)).toEqual([]);
  });

  it('cannot change Codex’s configuration', async () => {
    const home = world.folder(setups.threadId, 'codex-home');
    const before = await readFile(`${home}/config.toml`, 'utf8');
    await setups.runScript(`echo 'notify = ["sh"]' >> ${home}/config.toml || true`);
    await world.ended(await world.startRun(setups.runner, setups.threadId, 'Use'));
    expect(await readFile(`${home}/config.toml`, 'utf8')).toBe(before);
  });
});

describe('a setup script in Codex’s own sandbox', () => {
  /** Files that Codex reads or runs. */
  const PLACES = ['AGENTS.md', 'hooks.json', 'hooks/a', 'skills/a/SKILL.md', 'prompts/a.md', 'rules/a.rules'];
  const MORE = ['plugins/a/plugin.json', 'agents/a.toml', 'packages/a', 'auth.json', '.local/bin/git'];

  beforeAll(async () => {
    setups = await SetupScripts.startRunner(world, { ISOLATION: 'codex-sandbox' });
  });
  afterAll(() => setups.runner.end());

  it('cannot write to CODEX_HOME, since Codex itself is not confined', async () => {
    await setups.outputOfScript('true');
    const before = await readdir(world.folder(setups.threadId, 'codex-home'));
    const plant = (path: string) => `mkdir -p "$(dirname ~/${path})" && echo planted > ~/${path}`;
    const script = [...PLACES, ...MORE]
      .map((path) => `(${plant(path)}) 2>/dev/null || echo refused`)
      .join('\n');
    expect(await setups.outputOfScript(script)).toBe('refused\n'.repeat(PLACES.length + MORE.length));
    expect(await readdir(world.folder(setups.threadId, 'codex-home'))).toEqual(before);
  });

  it('cannot write elsewhere, regardless of the repository’s configuration', async () => {
    const other = world.folder(await world.createWorkspace());
    await mkdir(world.folder(setups.threadId, 'repo', '.codex'), { recursive: true });
    const settings = `[sandbox_workspace_write]\nwritable_roots = ["${other}"]\nnetwork_access = true\n`;
    await writeFile(world.folder(setups.threadId, 'repo', '.codex', 'config.toml'), settings);
    const port = new URL(setups.runner.url).port;
    const script = `(touch ${other}/planted) 2>/dev/null || echo no file
      (exec 9<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null || echo no host`;
    expect(await setups.outputOfScript(script)).toBe('no file\nno host\n');
    const events = await setups.runScript(script, { mode: 'on' });
    expect(resultOf(events).aggregated_output).toBe('no file\n');
  });
});
