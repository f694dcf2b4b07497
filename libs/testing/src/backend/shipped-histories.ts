import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Commit, Push } from '@saas-codex/contracts/shipping';
import fc from 'fast-check';
import { waitFor } from '../wait-for.js';

const run = promisify(execFile);

/** What the repository of generated histories begins with. */
export const SHIPPED_FILES = {
  'README.md': '# Hello\n',
  'src/one.js': 'one\n',
  'src/two.js': 'two\n'.repeat(50),
  'data.bin': Buffer.from([0, 1, 2, 255, 254, 0]),
  'dos.txt': 'one\r\ntwo\r\n',
  '.gitignore': 'node_modules/\n*.log\n',
};

const NAMES = [
  'README.md',
  'src/one.js',
  'src/two.js',
  'a.txt',
  'deep/er/page.md',
  'odd name',
  '-dash',
  'quo"te',
  'tab\tbed',
];

/** What an agent may do to its files, as shell commands. `$n` names a file, `$m` another one, `$s` is a text of its own. */
const CHANGES = [
  'mkdir -p "$(dirname -- "$n")" && echo "$s" >> "$n"',
  'mkdir -p "$(dirname -- "$n")" && head -c 5000 /dev/urandom > "$n"',
  'mkdir -p "$(dirname -- "$n")" && printf "one\\r\\ntwo\\r\\n%s\\r\\n" "$s" > "$n"',
  'mkdir -p "$(dirname -- "$m")" && mv -- "$n" "$m"',
  'rm -rf -- "$n"',
  'chmod +x -- "$n"',
  'chmod -x -- "$n"',
  'rm -rf -- "$n"; mkdir -p "$(dirname -- "$n")" && ln -s -- "../else/$s" "$n"',
  'rm -rf -- "$n"; mkdir -p -- "$n" && echo "$s" > "./$n/inside"',
  'rm -rf src; echo "$s" > src',
  'mkdir -p "empty-$s/folder"',
  'echo "$s" > "$(printf "latin-\\351-%s" "$s")"',
  'mkdir -p "nested-$s" && cd "nested-$s" && git init -q . && echo "$s" > inside && git add -A && git commit -qm Nested',
  'printf "version https://git-lfs.github.com/spec/v1\\noid sha256:%064d\\nsize 12345\\n" 7 > "$s.psd"; echo "*.psd filter=lfs diff=lfs merge=lfs -text" > .gitattributes',
  'mkdir -p node_modules/dep && echo "$s" > "node_modules/dep/$s.js"; echo "$s" > debug.log',
  'printf "* text eol=crlf\\n*.md filter=none\\n*.js ident\\n" > .gitattributes',
  'git add -A && git commit -qm "The agent commits"',
  'git checkout -qb "branch-$s"; git commit -q --allow-empty --amend -m Amended',
];

type Random = () => number;

/** Numbers from 0 to 1. The same seed gives the same ones. */
function randomOf(seed: number): Random {
  const numbers = fc.sample(fc.noBias(fc.nat(999_999)), { seed, numRuns: 200 });
  return () => (numbers.pop() ?? 0) / 1_000_000;
}

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** Changes the files of a session as an agent may. Some commands fail, and change nothing then. */
async function changeFiles(repo: string, random: Random, step: string): Promise<void> {
  for (let n = 0, count = 2 + Math.floor(random() * 5); n < count; n++) {
    const env = {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      n: pick(random, NAMES),
      m: pick(random, NAMES),
      s: `${step}-${n}`,
    };
    const identity = {
      GIT_AUTHOR_NAME: 'Agent',
      GIT_AUTHOR_EMAIL: 'a@localhost',
      GIT_COMMITTER_NAME: 'Agent',
      GIT_COMMITTER_EMAIL: 'a@localhost',
    };
    await run('bash', ['-c', pick(random, CHANGES)], { cwd: repo, env: { ...env, ...identity } }).catch(
      () => undefined,
    );
  }
}

/** What an agent may do to its own repository to have a say in a push. `marker` is a file that its programs would make. */
async function poisonGit(repo: string, marker: string): Promise<void> {
  const git = join(repo, '.git');
  const program = `#!/bin/sh\ntouch ${marker}\nexit 1\n`;
  const config = [
    `[core]\n\thooksPath = ${join(git, 'hooks')}\n\tfsmonitor = touch ${marker}\n\tsshCommand = touch ${marker}`,
    `[remote "origin"]\n\tpushurl = http://127.0.0.1:9/elsewhere\n\tpush = +refs/heads/*:refs/heads/*`,
    `[url "http://127.0.0.1:9/"]\n\tinsteadOf = http://`,
    `[push]\n\tfollowTags = true\n\trecurseSubmodules = on-demand`,
    `[credential]\n\thelper = "!touch ${marker}"`,
    `[filter "lfs"]\n\tclean = touch ${marker}\n\tsmudge = touch ${marker}`,
  ].join('\n');
  await writeFile(join(git, 'config'), `${config}\n`);
  await run('mkdir', ['-p', join(git, 'hooks')]);
  for (const hook of ['pre-push', 'pre-commit', 'post-commit', 'reference-transaction'])
    await writeFile(join(git, 'hooks', hook), program, { mode: 0o755 });
  await writeFile(join(git, 'index'), 'not an index');
  await writeFile(join(git, 'packed-refs'), `${'f'.repeat(40)} refs/heads/main\n`);
  await rm(join(git, 'refs'), { recursive: true, force: true });
}

/**
 * The files of a folder as a tree of git would have them, without git: `mode blob` by path, as bytes in latin1. Ignored files and the
 * insides of repositories' own folders are left out.
 */
async function filesIn(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = async (folder: Buffer, prefix: string): Promise<void> => {
    for (const name of await readdir(folder, { encoding: 'buffer' })) {
      const text = name.toString('latin1');
      if (text === '.git' || text === 'node_modules' || text.endsWith('.log')) continue;
      const path = Buffer.concat([folder, Buffer.from('/'), name]);
      const stat = await lstat(path);
      if (stat.isDirectory()) {
        await walk(path, `${prefix}${text}/`);
        continue;
      }
      const content = stat.isSymbolicLink()
        ? await readlink(path, { encoding: 'buffer' })
        : await readFile(path);
      const mode = stat.isSymbolicLink() ? '120000' : (stat.mode & 0o100) === 0 ? '100644' : '100755';
      found.set(prefix + text, `${mode} ${blobOf(content)}`);
    }
  };
  await walk(Buffer.from(root), '');
  return found;
}

/** The same of a commit in a bare repository. */
async function filesOf(bare: string, commit: string): Promise<Map<string, string>> {
  const { stdout } = await run('git', ['ls-tree', '-r', '-z', '--full-tree', commit], {
    cwd: bare,
    encoding: 'buffer',
  });
  const lines = stdout
    .toString('latin1')
    .split('\0')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [, mode = '', blob = '', path = ''] = /^(\d+) \w+ (\w+)\t([^]*)$/.exec(line) ?? [];
      return [path, `${mode} ${blob}`];
    }),
  );
}

const blobOf = (content: Buffer) =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/** A backend and a host, as the histories use them. */
export interface ShippingWorld {
  /** A session on a repository of its own, which begins with SHIPPED_FILES. */
  open(): Promise<{ at: string; name: string; repo: string }>;
  /** The folder of the repository at its host. */
  bare(name: string): string;
  call<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T & Problem }>;
  /** A file that is made if a program of an agent's is run outside of its sandbox. */
  marker: string;
}

/** How often a history is shipped. */
const STEPS = 5;

/**
 * Changes the files of a session, reviews and ships them, five times. Each time the host has the very files that are in the work
 * tree, and the tree that the diff named. The last time, the agent rewrites its own repository again and again meanwhile.
 */
export async function shipsExactly({ open, bare, call, marker }: ShippingWorld, seed: number): Promise<void> {
  const { at, name, repo } = await open();
  const random = randomOf(seed);
  const atHost = async (...args: string[]) => (await run('git', args, { cwd: bare(name) })).stdout.trim();
  for (let step = 1; step <= STEPS; step++) {
    await changeFiles(repo, random, `s${seed}-${step}`);
    const reviewed = await filesIn(repo);
    const { to: tree } = (await call<Diff>('GET', `${at}/diff`)).body;
    const agent = new AbortController();
    const poisoned = step === STEPS ? poisonUntil(agent.signal, repo, marker) : Promise.resolve();
    const made = await call<Commit>('POST', `${at}/commits`, { tree });
    if (made.body.code !== 'nothing_to_commit') {
      expect([seed, step, made.status, made.body.detail]).toEqual([seed, step, 201, undefined]);
      const { push_id, branch } = (
        await call<Push>('POST', `${at}/pushes`, { commit_id: made.body.commit_id })
      ).body;
      const pushed = await waitFor(async () => {
        const { body } = await call<Push>('GET', `${at}/pushes/${push_id}`);
        return body.status === 'pending' ? null : body;
      });
      expect([seed, step, pushed.status, pushed.failure]).toEqual([seed, step, 'pushed', null]);
      expect([seed, step, await atHost('rev-parse', `${branch}^{tree}`)]).toEqual([seed, step, tree]);
      expect([seed, step, await filesOf(bare(name), branch)]).toEqual([seed, step, reviewed]);
    }
    agent.abort();
    await poisoned;
  }
  await atHost('fsck', '--no-dangling');
}

async function poisonUntil(signal: AbortSignal, repo: string, marker: string): Promise<void> {
  while (!signal.aborted) await poisonGit(repo, marker);
}
