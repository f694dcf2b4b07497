import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { SessionsWorld } from './sessions-world.js';

const run = promisify(execFile);

/** A session between two runs, as the spec itself sees it. */
interface Seen {
  tree: string;
  /** Of the agent's own repository. */
  head: string;
}

/** A generated session: what its agent did, and what was there after each run. `seen[0]` is before the first one. */
export interface GeneratedHistory {
  sessionId: string;
  runs: Run[];
  seen: Seen[];
}

const NAMES = [
  'README.md',
  'a.txt',
  'b.txt',
  'src/one.js',
  'src/two.js',
  'docs/deep/page.md',
  'bin/tool',
  'odd name',
];

/** What the repository of such sessions begins with. */
export const HISTORY_FILES = {
  'README.md': '# Hello\n',
  'src/one.js': 'one\n',
  '.gitignore': 'node_modules/\n*.log\n',
};

type Random = () => number;

/** Numbers from 0 to 1. The same seed gives the same ones. */
function numbersFrom(seed: number): Random {
  const numbers = fc.sample(fc.noBias(fc.nat(999_999)), { seed, numRuns: 500 });
  return () => (numbers.pop() ?? 0) / 1_000_000;
}

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const quoted = (name: string) => `'${name}'`;

/** What an agent may do to files, as shell commands that always succeed. */
function change(random: Random, step: string): string {
  const name = quoted(pick(random, NAMES));
  const other = quoted(pick(random, NAMES));
  const folder = `"$(dirname ${name})"`;
  return pick(random, [
    `mkdir -p ${folder} 2>/dev/null; [ -d ${name} ] || [ -L ${name} ] || echo ${step} >> ${name}`,
    `mkdir -p ${folder} 2>/dev/null; [ -d ${name} ] || head -c 3000 /dev/urandom > ${name}`,
    `[ -e ${other} ] || [ -L ${other} ] || { mkdir -p "$(dirname ${other})" && mv ${name} ${other}; }`,
    `rm -rf ${name}`,
    `[ -f ${name} ] && chmod +x ${name}`,
    `[ -f ${name} ] && chmod -x ${name}`,
    `rm -rf ${name}; mkdir -p ${folder}; ln -s ../elsewhere ${name}`,
    `rm -rf ${name}; mkdir -p ${name}; echo ${step} > ${name}/inside`,
    `rm -rf src; echo ${step} > src`,
    `mkdir -p node_modules/dep; echo ${step} > node_modules/dep/${step}.js; echo ${step} > debug.log`,
    `echo ${step}.tmp >> .gitignore; echo kept > ${step}.tmp`,
    `printf '* text eol=crlf\\n*.md filter=none\\n' > .gitattributes`,
    'git add -A && git commit -qm "The agent commits"',
    `git checkout -q -b ${step}`,
    `git add -A; git commit -qm one; git commit --amend -qm two --allow-empty`,
  ]);
}

/** The work tree as a git tree, which a git directory of this spec's own makes. Ignored files are not in it. */
export async function treeOf(repo: string): Promise<string> {
  const gitDir = await mkdtemp(join(tmpdir(), 'saas-codex-test-'));
  try {
    await run('git', ['init', '-q', '--bare', gitDir]);
    await mkdir(join(gitDir, 'info'), { recursive: true });
    await writeFile(
      join(gitDir, 'info', 'attributes'),
      '* -text -ident -filter !eol !working-tree-encoding\n',
    );
    const git = (...args: string[]) =>
      run('git', [`--git-dir=${gitDir}`, `--work-tree=${repo}`, '-c', 'core.autocrlf=false', ...args], {
        cwd: repo,
      });
    await git('add', '--all', '.');
    return (await git('write-tree')).stdout.trim();
  } finally {
    await rm(gitDir, { recursive: true, force: true });
  }
}

/** HEAD of the agent's own repository: its branch and its commit. */
export async function headOf(repo: string): Promise<string> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: repo })).stdout.trim();
  return `${await git('rev-parse', '--abbrev-ref', 'HEAD')} ${await git('rev-parse', 'HEAD')}`;
}

export const repoOf = (world: SessionsWorld, sessionId: string): string =>
  join(world.root, sessionId, 'repo');

export const look = async (world: SessionsWorld, sessionId: string): Promise<Seen> => ({
  tree: await treeOf(repoOf(world, sessionId)),
  head: await headOf(repoOf(world, sessionId)),
});

/** Runs a prompt, which is a command too, to its end. */
export async function runCommand(world: SessionsWorld, sessionId: string, commands: string): Promise<Run> {
  const { run_id } = await world.prompt(sessionId, `: run; ${commands}`);
  return world.runIs(run_id, 'succeeded');
}

/** Plays a history of a few runs. The same seed gives the same one. */
export async function playHistory(
  world: SessionsWorld,
  repoUrl: string,
  seed: number,
): Promise<GeneratedHistory> {
  const random = numbersFrom(seed);
  const { body: session } = await world.create({ repo_url: repoUrl });
  const { session_id: sessionId } = session as Session;
  const seen = [await look(world, sessionId)];
  const runs: Run[] = [];
  for (let count = 3 + Math.floor(random() * 2); runs.length < count;) {
    const changes = Array.from({ length: 2 + Math.floor(random() * 4) }, (_, n) =>
      change(random, `s${runs.length}-${n}`),
    );
    const commands = changes.map((one) => `{ ${one}; } 2>/dev/null`).join('\n');
    runs.push(await runCommand(world, sessionId, `echo ${runs.length};\n${commands}\ntrue`));
    seen.push(await look(world, sessionId));
  }
  return { sessionId, runs, seen };
}

/**
 * Rewinds and forks generated histories at a random run. Files, the agent's branch and what the model is told next are exactly
 * those of then; undone, those of before.
 */
export async function generatedHistoriesComeBack(
  world: SessionsWorld,
  repoUrl: string,
  seeds: readonly number[],
): Promise<void> {
  for (const seed of seeds) {
    const { sessionId, runs, seen } = await playHistory(world, repoUrl, seed);
    const at = seed % runs.length;
    const path = `/api/sessions/${sessionId}`;
    const target = { run_id: runs[at]?.run_id };
    const kept = runs.slice(0, at).map(({ prompt }) => prompt);
    const all = runs.map(({ prompt }) => prompt);
    const told = () => world.model.requests.at(-1)?.prompts;

    const rewound = await world.call<Session>('POST', `${path}/rewind`, target);
    expect([seed, rewound.status, rewound.body.detail]).toEqual([seed, 202, undefined]);
    expect([seed, await look(world, sessionId)]).toEqual([seed, seen[at]]);
    const undone = await world.call<Session>('POST', `${path}/rewind/undo`);
    expect([seed, undone.status, undone.body.detail]).toEqual([seed, 202, undefined]);
    expect([seed, await look(world, sessionId)]).toEqual([seed, seen.at(-1)]);

    const forked = await world.call<Session>('POST', `${path}/fork`, target);
    const { session_id: forkId } = await world.sessionIs(forked.body.session_id, 'ready');
    expect([seed, (await look(world, forkId)).tree]).toEqual([seed, seen[at + 1]?.tree]);
    const inFork = await runCommand(world, forkId, 'true # in the fork');
    expect([seed, told()]).toEqual([seed, [...all.slice(0, at + 1), inFork.prompt]]);

    await world.call<Session>('POST', `${path}/rewind`, target);
    expect([seed, await look(world, sessionId)]).toEqual([seed, seen[at]]);
    const next = await runCommand(world, sessionId, 'true # instead');
    expect([seed, told()]).toEqual([seed, [...kept, next.prompt]]);
    expect([seed, next.diff?.files]).toEqual([seed, 0]);
  }
}
