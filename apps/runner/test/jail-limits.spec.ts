import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunEvent } from '@saas-codex/contracts/events';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const LIMITS = {
  JAIL_MAX_MEMORY_MB: '512',
  JAIL_MAX_PROCESSES: '100',
  JAIL_MAX_CPU_MINUTES: '0.1',
  JAIL_MAX_DISK_MB: '64',
  JAIL_MAX_FILES: '10000',
};
const GO_ON = 'Go on from here in smaller steps, or have the limit raised.';
/** Each process stays below every limit of the kernel. */
const HOLD = `perl -e '$x = "x" x 200_000_000; sleep 600' &`;
/** 40 processes, each with the same 5 MB of arguments. */
const WORDY = `ulimit -s $(ulimit -Hs); perl -e 'exec "perl", "-e", q(for (1..40) { fork or do { sleep 600; exit } } sleep 2; print "There."), ("x" x 131_000) x 40'`;
const BUSY = 'timeout 2 sh -c "while :; do :; done" &';
/** Codex is the parent of the command's shell. */
const end = (signal: string) => `kill -${signal} $PPID; sleep 600`;

const GREEDY: [what: string, cmd: string, reason: string][] = [
  [
    'memory',
    `${HOLD} ${HOLD} ${HOLD} sleep 600`,
    `The run used more than 512 MB of memory (JAIL_MAX_MEMORY_MB). ${GO_ON}`,
  ],
  [
    'processes',
    'for i in $(seq 100); do setsid sleep 600 & done; sleep 600',
    `The run had more than 100 processes and threads at once (JAIL_MAX_PROCESSES). ${GO_ON}`,
  ],
  [
    'processor time',
    // One after the other, each too short-lived to be polled often.
    `for i in $(seq 20); do ${BUSY} ${BUSY} wait; done; sleep 600`,
    `The run used more than 0.1 minutes of processor time (JAIL_MAX_CPU_MINUTES). ${GO_ON}`,
  ],
  [
    'disk, in a locked folder',
    'mkdir locked && cd locked && head -c 40M /dev/zero >one && head -c 40M /dev/zero >two && chmod 0 . ; sleep 600',
    "The session's files take more than 64 MB (JAIL_MAX_DISK_MB). Start a new session, or have the limit raised.",
  ],
  [
    'disk, deeper than any path',
    `perl -e 'for (1..5000) { mkdir "d" or die; chdir "d" or die } open F, ">f"; print F "x" x 80_000_000; close F; sleep 600'`,
    "The session's files take more than 64 MB (JAIL_MAX_DISK_MB). Start a new session, or have the limit raised.",
  ],
  [
    'disk, in a file that has been removed',
    'exec 3>f && rm f && head -c 80M /dev/zero >&3; sleep 600',
    "The session's files take more than 64 MB (JAIL_MAX_DISK_MB). Start a new session, or have the limit raised.",
  ],
  [
    'memory, in a file that has none',
    // memfd_create, by its numbers on x86-64 and arm64.
    `perl -e '$n = \`uname -m\` =~ /aarch64/ ? 279 : 319; open F, ">&=", syscall($n, $name = "m", 0); print F "x" x 100_000_000 for 1..6; sleep 600'`,
    `The run used more than 512 MB of memory (JAIL_MAX_MEMORY_MB). ${GO_ON}`,
  ],
  [
    'open files, many to each of its processes',
    // Only descriptors: they cost the run almost no memory, but examining them is expensive.
    `perl -MPOSIX -e 'for (1..30) { if (fork == 0) { 1 while dup(0); sleep 600 } } sleep 600'`,
    'The run had more than 50000 files and connections open at once. Go on from here in smaller steps.',
  ],
  [
    'files, all of them empty',
    `perl -e 'for (1..12_000) { open F, ">", "f$_" } sleep 600'`,
    'The session has more than 10000 files and folders (JAIL_MAX_FILES). Start a new session, or have the limit raised.',
  ],
  [
    'files in memory, all of them empty',
    `perl -e 'for (1..110_000) { open F, ">", "/tmp/f$_"; open F, ">", "/dev/shm/f$_" } sleep 600'`,
    'The run kept more than 200000 files in memory, in folders such as /tmp. Go on from here in smaller steps.',
  ],
  [
    "processor time, Codex's own",
    end('XCPU'),
    `The run used more than 0.1 minutes of processor time (JAIL_MAX_CPU_MINUTES). ${GO_ON}`,
  ],
  [
    'a file, by Codex itself',
    end('XFSZ'),
    `The run wrote a file of more than 4096 MB (JAIL_MAX_FILE_MB). ${GO_ON}`,
  ],
];

interface Outcome {
  events: RunEvent[];
  /** Processes that are left at the moment of its end. */
  left: { pid: number }[];
}

describe('a run that exceeds a limit', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;
  /** By what is taken. All wait in the runner's queue from the beginning, since most of them do nothing but wait to be noticed. */
  const outcomes = new Map<string, Promise<Outcome>>();

  beforeAll(async () => {
    const greedy = GREEDY.map(([name, cmd]) => ({
      name,
      match: `Take: ${name}.`,
      steps: [{ do: 'command' as const, cmd }, { do: 'endless' as const }],
    }));
    world = await RunnerWorld.create([
      ...greedy,
      { name: 'endless', match: 'Stay', steps: [{ do: 'endless' }] },
      {
        name: 'wordy',
        match: 'Be wordy',
        steps: [
          { do: 'command', cmd: WORDY },
          { do: 'message', text: 'Done.' },
        ],
      },
      { name: 'any', steps: [{ do: 'message', text: 'Done.' }] },
    ]);
    runner = await world.startRunner({ ISOLATION: 'bubblewrap', MAX_CONCURRENT_RUNS: '3', ...LIMITS });
    for (const [name] of GREEDY) {
      const outcome = take(name);
      outcome.catch(() => undefined);
      outcomes.set(name, outcome);
    }
  });

  async function take(name: string): Promise<Outcome> {
    const threadId = await world.createThread(runner);
    const runId = await world.startRun(runner, threadId, `Take: ${name}.`);
    const events = await world.ended(runId);
    const left = await processesWith(runId);
    // Node's own removal fails on trees that are deeper than the longest path.
    await promisify(execFile)('rm', ['-rf', world.folder(threadId)]);
    return { events, left };
  }

  afterAll(() => world.destroy());

  it.each(GREEDY)('is stopped with a reason that names the setting: %s', async (name, _, reason) => {
    const { events, left } = await outcomes.get(name)!;
    expect(dataOf(events, 'run.failed').map((data) => data.reason)).toEqual([reason]);
    expect(left).toEqual([]);
  });

  it('costs the runner little memory to end, even if its processes have huge arguments', async () => {
    const before = await runner.peakMegabytes();
    const runId = await world.startRun(runner, await world.createThread(runner), 'Be wordy.');
    const events = await world.ended(runId);
    expect(events.at(-1)?.type).toBe('run.succeeded');
    expect(JSON.stringify(events)).toContain('There.');
    expect(await processesWith(runId)).toEqual([]);
    expect(await runner.peakMegabytes()).toBeLessThan(before + 150);
  });

  it('is stopped at once when the workspace is already too big', async () => {
    const threadId = await world.createThread(runner);
    const repo = world.folder(threadId, 'repo');
    await mkdir(join(repo, 'large'));
    for (const name of ['a', 'b']) await writeFile(join(repo, 'large', name), Buffer.alloc(40_000_000, 1));
    const events = await world.ended(await world.startRun(runner, threadId, 'Stay'));
    expect(dataOf(events, 'run.failed')[0]?.reason).toMatch(/ 64 MB \(JAIL_MAX_DISK_MB\)/);
  });

  it('is stopped at once when the session’s history is already too big', async () => {
    const threadId = await world.createThread(runner);
    const history = world.folder(threadId, 'history.git');
    await mkdir(history);
    for (const name of ['a', 'b']) await writeFile(join(history, name), Buffer.alloc(40_000_000, 1));
    const events = await world.ended(await world.startRun(runner, threadId, 'Stay'));
    expect(dataOf(events, 'run.failed')[0]?.reason).toMatch(/ 64 MB \(JAIL_MAX_DISK_MB\)/);
  });

  it('does not count the targets of links, and holes in sparse files', async () => {
    const threadId = await world.createThread(runner);
    const repo = world.folder(threadId, 'repo');
    const file = join(world.root, 'large');
    await writeFile(file, Buffer.alloc(80_000_000, 1));
    await promisify(execFile)('ln', ['-s', file, world.root, repo]);
    await promisify(execFile)('truncate', ['-s', '10G', join(repo, 'sparse')]);
    const events = await world.ended(await world.startRun(runner, threadId, 'Go on'));
    expect(events.at(-1)?.type).toBe('run.succeeded');
  });
});
