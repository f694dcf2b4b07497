import { access, mkdir, writeFile } from 'node:fs/promises';
import { waitFor } from '@saas-codex/testing/wait-for';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { outputOf, resultOf, SetupScripts } from '@saas-codex/testing/runner/setup-scripts';

const USES_TOOL = { do: 'command' as const, cmd: 'installed-tool' };
const SCENARIOS = [
  { name: 'use', match: 'Use', steps: [USES_TOOL, { do: 'message' as const, text: 'Done.' }] },
];

let world: RunnerWorld;
let setups: SetupScripts;

beforeAll(async () => {
  world = await RunnerWorld.create(SCENARIOS);
});
afterAll(() => world.destroy());

describe('a setup script in a jail', () => {
  beforeAll(async () => {
    setups = await SetupScripts.startRunner(world, { ISOLATION: 'bubblewrap' });
  });
  afterAll(() => setups.runner.end());

  it('installs programs for later runs', async () => {
    const tool = '$HOME/.local/bin/installed-tool';
    await setups.outputOfScript(`mkdir -p ~/.local/bin; echo 'echo it works' > ${tool}; chmod +x ${tool}`);
    const events = await world.ended(await world.startRun(setups.runner, setups.threadId, 'Use'));
    expect(dataOf(events, 'item.completed')[0]?.item).toMatchObject({ aggregated_output: 'it works\n' });
  });

  it('cannot fill the log or memory with its output', async () => {
    const events = await setups.runScript(
      'echo begin; head -c 300000000 /dev/zero | tr "\\\\0" y; echo; echo the end',
      undefined,
      60_000,
    );
    expect(outputOf(events).length).toBeLessThan(300_000);
    const { aggregated_output: output } = resultOf(events);
    expect(output).toMatch(/^begin\n[^]*… \d+ characters left out …[^]*\nthe end\n$/);
    expect(output.length).toBeLessThan(140_000);
  }, 90_000);

  it('can read only its own session, and no more than agents can', async () => {
    const other = await world.createWorkspace();
    await mkdir(world.folder(other, 'repo'), { recursive: true });
    await writeFile(world.folder(other, 'repo', 'secret'), 'secret');
    const places = [
      world.folder(other, 'repo', 'secret'),
      world.folder(setups.threadId, 'thread.json'),
      '/etc/shadow',
    ];
    expect(await setups.outputOfScript(`cat ${places.join(' ')} 2>/dev/null || echo nothing`)).toBe(
      'nothing\n',
    );
    expect(await setups.outputOfScript('env | grep -c TOKEN || true')).toBe('0\n');
  });

  it('has no network when it is off, and never a model', async () => {
    const asked = world.model.requests.length;
    const port = new URL(setups.runner.url).port;
    const probe = `(exec 9<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo reached || echo no host`;
    expect(await setups.outputOfScript(probe)).toBe('no host\n');
    const ask = 'curl -s -o /dev/null -w "%{http_code}\\n"';
    const model = await setups.outputOfScript(
      `${ask} --noproxy "*" -X POST http://127.0.0.1:39100/v1/responses`,
    );
    expect(model).toMatch(/^4\d\d\n$/);
    const events = await setups.runScript(`${ask} http://registry.example/`);
    expect(resultOf(events).aggregated_output).toBe('403\n');
    expect(dataOf(events, 'network.refused')).toEqual([
      { host: 'registry.example', port: 80, reason: 'network_off' },
    ]);
    expect(world.model.requests).toHaveLength(asked);
  });
});

describe('a setup script that is stopped', () => {
  const settings = { ISOLATION: 'bubblewrap' };
  const LONG = 'echo begun; touch begun; sleep 1000';

  async function begin(more: Record<string, string> = {}): Promise<string> {
    setups = await SetupScripts.startRunner(world, { ...settings, ...more });
    const runId = await setups.startScript(LONG);
    await waitFor(() => access(world.folder(setups.threadId, 'repo', 'begun')).then(() => true));
    return runId;
  }

  it('ends at its time limit, with a reason that names the setting', async () => {
    const runId = await begin({ SETUP_TIMEOUT_MINUTES: '0.15' });
    const events = await world.ended(runId);
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('(SETUP_TIMEOUT_MINUTES)');
    expect(resultOf(events).aggregated_output).toBe('begun\n');
    expect(await processesWith(runId)).toEqual([]);
    await setups.runner.end();
  });

  it('ends at the same limits as agents, with a reason that names the setting', async () => {
    setups = await SetupScripts.startRunner(world, { ...settings, JAIL_MAX_FILE_MB: '64' });
    const events = await setups.runScript('head -c 70000000 /dev/zero > big');
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('(JAIL_MAX_FILE_MB)');
    await setups.runner.end();
  });

  it('is interrupted when its runner shuts down', async () => {
    const runId = await begin();
    await setups.runner.end('SIGTERM');
    expect(dataOf(await world.ended(runId), 'run.interrupted')).toEqual([
      { reason: 'The runner working on this was restarted. Run the setup again.' },
    ]);
    expect(await processesWith(runId)).toEqual([]);
  });

  it('is interrupted when its runner is killed, and is not run again', async () => {
    const runId = await begin();
    await setups.runner.end('SIGKILL');
    await waitFor(async () => (await processesWith(runId)).length === 0);
    const next = await world.startRunner(settings);
    const events = await world.ended(runId, 40_000);
    expect(dataOf(events, 'run.interrupted')[0]?.reason).toContain('Run the setup again.');
    expect(dataOf(events, 'item.started')).toHaveLength(1);
    await next.end();
  }, 60_000);
});
