import { access, mkdir, writeFile } from 'node:fs/promises';
import type { RunEvent } from '@saas-codex/contracts/events';
import { waitFor } from '@saas-codex/testing/wait-for';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { outputOf, resultOf, SetupScripts } from '@saas-codex/testing/runner/setup-scripts';

const USES_TOOL = { do: 'command' as const, cmd: 'installed-tool' };
const SCENARIOS = [
  { name: 'use', match: 'Use', steps: [USES_TOOL, { do: 'message' as const, text: 'Done.' }] },
];

const JAILED = { ISOLATION: 'bubblewrap' };

/** A script that has begun and goes on, in a world of its own. */
interface BegunScript {
  world: RunnerWorld;
  setups: SetupScripts;
  runId: string;
}

async function beginScript(settings: Record<string, string> = {}): Promise<BegunScript> {
  const world = await RunnerWorld.create(SCENARIOS);
  const setups = await SetupScripts.startRunner(world, { ...JAILED, ...settings });
  const runId = await setups.startScript('echo begun; touch begun; sleep 1000');
  await waitFor(() => access(world.folder(setups.threadId, 'repo', 'begun')).then(() => true));
  return { world, setups, runId };
}

let world: RunnerWorld;
let setups: SetupScripts;
let limited: BegunScript;
/** The log of the limited script, and the processes that are left at its end. */
let limitedEnd: Promise<[RunEvent[], { pid: number }[]]>;
let killed: BegunScript;

// A time limit and the lease of a killed runner pass while the other cases are checked.
beforeAll(async () => {
  world = await RunnerWorld.create(SCENARIOS);
  killed = await beginScript();
  await killed.setups.runner.end('SIGKILL');
  await waitFor(async () => (await processesWith(killed.runId)).length === 0);
  await killed.world.startRunner(JAILED);
  limited = await beginScript({ SETUP_TIMEOUT_MINUTES: '0.15' });
  limitedEnd = limited.world
    .ended(limited.runId)
    .then(async (events) => [events, await processesWith(limited.runId)]);
  limitedEnd.catch(() => undefined);
});
afterAll(() => Promise.all([world, killed.world, limited.world].map((each) => each.destroy())));

describe('a setup script in a jail', () => {
  beforeAll(async () => {
    setups = await SetupScripts.startRunner(world, JAILED);
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
  });

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
  it('ends at its time limit, with a reason that names the setting', async () => {
    const [events, left] = await limitedEnd;
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('(SETUP_TIMEOUT_MINUTES)');
    expect(resultOf(events).aggregated_output).toBe('begun\n');
    expect(left).toEqual([]);
  });

  it('ends at the same limits as agents, with a reason that names the setting', async () => {
    setups = await SetupScripts.startRunner(world, { ...JAILED, JAIL_MAX_FILE_MB: '64' });
    const events = await setups.runScript('head -c 70000000 /dev/zero > big');
    expect(dataOf(events, 'run.failed')[0]?.reason).toContain('(JAIL_MAX_FILE_MB)');
    await setups.runner.end();
  });

  it('is interrupted when its runner shuts down', async () => {
    const begun = await beginScript();
    await begun.setups.runner.end('SIGTERM');
    expect(dataOf(await begun.world.ended(begun.runId), 'run.interrupted')).toEqual([
      {
        reason: 'The runner working on this was restarted. Run the setup again.',
        stopped: { connections: 0, processes: 2 },
      },
    ]);
    expect(await processesWith(begun.runId)).toEqual([]);
    await begun.world.destroy();
  });

  it('is interrupted when its runner is killed, and is not run again', async () => {
    const events = await killed.world.ended(killed.runId);
    expect(dataOf(events, 'run.interrupted')[0]?.reason).toContain('Run the setup again.');
    expect(dataOf(events, 'item.started')).toHaveLength(1);
  });
});
