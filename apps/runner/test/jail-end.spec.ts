import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesNaming, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const RUNS_EACH = 10;
/** In the command line of most daemons. Besides, the mounts of every process in a jail name its workspace. */
const TAG = `9${randomUUID().replace(/\D/g, '').slice(0, 8)}`;
const EARLY_TIMERS = fileURLToPath(
  new URL('../../../libs/testing/src/runner/early-timers.mjs', import.meta.url),
);
const TIMEOUT_MINUTES = 30;
const RENAMED = '[kworker/u8:3]';
/** Daemons that try to hide, each in a different way. */
const DAEMONS = [
  `env -i setsid sleep ${TAG} &`,
  `(env -i nohup sh -c "(exec sleep ${TAG}) & exec sleep ${TAG}" &)`,
  `(setsid sh -c "(setsid sleep ${TAG} &) &" &)`,
  `perl -e 'sub TAG_${TAG} {} $SIG{$_} = "IGNORE" for keys %SIG; sleep 1 while 1' &`,
  `perl -e '$0 = "${RENAMED}"; sleep 1 while 1' &`,
  `perl -MPOSIX -e 'setsid; POSIX::close($_) for 0..1023; exec "sleep", "${TAG}"' &`,
  `perl -e 'sub TAG_${TAG} {} kill STOP => $$; sleep 1 while 1' &`,
  // It forks all the time, so it is never the same process for long.
  `perl -e 'sub TAG_${TAG} {} while (1) { exit if fork; select undef, undef, undef, 0.25 }' &`,
];
const COMMAND = `{ ${DAEMONS.join('\n')}\n} >/dev/null 2>&1 </dev/null; sleep ${TAG}`;

describe('the end of a jail', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    // Codex asks the model what to do next when a command takes long.
    const steps = [{ do: 'command' as const, cmd: COMMAND }, { do: 'endless' as const }];
    world = await RunnerWorld.create([{ name: 'stay', steps }]);
    runner = await startRunner();
  });
  afterAll(() => world.destroy());

  interface Staying {
    threads: string[];
    runs: string[];
  }

  const startRunner = () =>
    world.startRunner({
      ISOLATION: 'bubblewrap',
      MAX_CONCURRENT_RUNS: String(RUNS_EACH),
      JAIL_MAX_DISK_MB: '64',
      RUN_TIMEOUT_MINUTES: `${TIMEOUT_MINUTES}`,
      NODE_OPTIONS: `--import=${EARLY_TIMERS}`,
      EARLY_TIMER_MS: `${TIMEOUT_MINUTES * 60_000}`,
    });

  /** Runs whose daemons are all alive. */
  async function stay(): Promise<Staying> {
    const threads = await Promise.all(Array.from({ length: RUNS_EACH }, () => world.createThread(runner)));
    const runs = await Promise.all(threads.map((thread) => world.startRun(runner, thread, 'Stay')));
    const everybody = async () => {
      const [jailed, tagged] = [await processesIn(threads), await processesNaming(TAG)];
      return threads.every((thread) => {
        const ofRun = jailed.filter(({ mounts }) => mounts.includes(thread));
        const renamed = ofRun.filter(({ commandLine }) => commandLine.startsWith(RENAMED));
        return renamed.length === 1 && ofRun.filter(({ pid }) => tagged.includes(pid)).length >= 8;
      });
    };
    await waitFor(everybody, { everyMs: 500, what: 'the daemons' });
    return { threads, runs };
  }

  const nobodyIsLeft = ({ threads }: Staying) =>
    waitFor(async () => (await processesIn(threads)).length === 0, {
      everyMs: 200,
      what: 'the end of every process',
    });

  async function endings(runs: string[]) {
    const logs = await Promise.all(runs.map((runId) => world.ended(runId)));
    return logs.map((events) => events.at(-1)?.type);
  }

  const all = (type: string) => Array.from({ length: RUNS_EACH }, () => type);

  it('leaves no process of cancelled runs', async () => {
    const staying = await stay();
    await Promise.all(staying.runs.map((runId) => runner.call('POST', `/runs/${runId}/cancel`)));
    expect(await endings(staying.runs)).toEqual(all('run.cancelled'));
    await nobodyIsLeft(staying);
  });

  it('leaves no process of runs that exceed a limit', async () => {
    const staying = await stay();
    const fill = (thread: string) =>
      promisify(execFile)('fallocate', ['-l', '70M', world.folder(thread, 'repo', 'large')]);
    await Promise.all(staying.threads.map(fill));
    expect(await endings(staying.runs)).toEqual(all('run.failed'));
    await nobodyIsLeft(staying);
  });

  it('leaves no process of runs that time out, and says why they ended', async () => {
    const staying = await stay();
    runner.signal('SIGUSR2');
    expect(await endings(staying.runs)).toEqual(all('run.failed'));
    await nobodyIsLeft(staying);
    const [failure] = dataOf(await world.log(String(staying.runs[0])), 'run.failed');
    expect(failure?.reason).toMatch(/longer than it may \(RUN_TIMEOUT_MINUTES\)/);
    expect(await processesNaming(TAG)).toEqual([]);
  });

  it('leaves no process when the runner is terminated', async () => {
    const staying = await stay();
    await runner.end('SIGTERM');
    await nobodyIsLeft(staying);
    expect(await endings(staying.runs)).toEqual(all('run.interrupted'));
  });

  it('leaves no process when the runner is killed', async () => {
    runner = await startRunner();
    const staying = await stay();
    await runner.end('SIGKILL');
    await nobodyIsLeft(staying);
    expect(await processesNaming(TAG)).toEqual([]);
  });
});

/** Processes of this machine that have a part of one of these workspaces mounted: they are in its jail. */
async function processesIn(sessionIds: string[]) {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const read = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const processes = await Promise.all(
    pids.map(async (pid) => ({
      pid,
      mounts: await read(pid, 'mountinfo'),
      commandLine: await read(pid, 'cmdline'),
    })),
  );
  return processes.filter(({ mounts }) => sessionIds.some((id) => mounts.includes(id)));
}
