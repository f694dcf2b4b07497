import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { waitFor } from '@saas-codex/testing/wait-for';
import { Git } from '../src/workspaces/git/git.js';
import { Leftovers } from '../src/workspaces/leftovers/leftovers.js';
import { execute, runGit, startHistories } from '@saas-codex/testing/backend/history-fixture';

/*
 * An agent replaces folders and files with links and pipes while they are recorded. The links lead to `outside`, which
 * the agent's jail hides from it and which has files of the same names.
 */
let histories: Awaited<ReturnType<typeof startHistories>>;
let outside: string;
let secrets: string[];

const NAMES = ['a.txt', 'new.txt', 'deep/a.txt'];

beforeAll(async () => {
  histories = await startHistories();
  outside = join(histories.root, 'outside');
  await mkdir(join(outside, 'deep'), { recursive: true });
  for (const name of NAMES) await writeFile(join(outside, name), `the secret ${name}\n`);
  secrets = (await runGit(outside, 'hash-object', ...NAMES)).toString().trim().split('\n');
});
afterAll(() => histories.close());

type Session = Awaited<ReturnType<typeof open>>;
const open = () => histories.openHistory({ 'dir/a.txt': 'a\n', 'dir/deep/a.txt': 'a\n', 'b.txt': 'b\n' });

async function expectNoSecrets({ historyGit }: Session) {
  const objects = await runGit(historyGit, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)');
  expect(objects.toString().split('\n')).not.toEqual(
    expect.arrayContaining([expect.stringMatching(secrets.join('|'))]),
  );
}

interface Swap {
  name: string;
  place: string;
  put(path: Buffer): Promise<unknown>;
}
const SWAPS: Swap[] = [
  { name: 'a folder becomes a link', place: 'dir', put: (path) => symlink(outside, path) },
  {
    name: 'a folder in a folder becomes a link',
    place: 'dir/deep',
    put: (path) => symlink(join(outside, 'deep'), path),
  },
  {
    name: 'a file becomes a link',
    place: 'dir/a.txt',
    put: (path) => symlink(join(outside, 'a.txt'), path),
  },
  {
    name: 'a file becomes a pipe',
    place: 'dir/a.txt',
    put: (path) => execute('mkfifo', [path.toString()]),
  },
];

/** Takes a checkpoint and calls `swap` at a certain moment during it. */
interface Moment {
  name: string;
  checkpoint(session: Session, swap: () => Promise<unknown>): Promise<unknown>;
}
const MOMENTS: Moment[] = [
  {
    name: 'after the names were listed',
    async checkpoint(session, swap) {
      const git = histories.app.get(Git);
      const runCommand = git.runCommand.bind(git);
      let commands = 0;
      git.runCommand = async (command) => {
        if (commands++ === 1) await swap();
        return runCommand(command);
      };
      await session.checkpoint().finally(() => (git.runCommand = runCommand));
      expect(commands).toBeGreaterThan(1);
    },
  },
  {
    name: 'while contents are recorded',
    async checkpoint(session, swap) {
      // git writes a file of this size to a pack while it is being read.
      await session.write('dir/0.bin', randomBytes(22 * 1024 * 1024));
      const taken = session.checkpoint();
      const packs = join(session.historyGit, 'objects/pack');
      await waitFor(async () => (await readdir(packs)).some((name) => name.startsWith('tmp_')));
      await swap();
      await taken;
    },
  },
];

describe.each(MOMENTS)('$name', ({ checkpoint }) => {
  test.each(SWAPS)('$name: nothing from outside is recorded', async ({ place, put }) => {
    const session = await open();
    for (const name of NAMES) await session.write(`dir/${name}`, 'mine\n');
    await checkpoint(session, async () => {
      await rename(session.at(place), session.at('aside'));
      await put(session.at(place));
    });
    await expectNoSecrets(session);

    await rm(session.at(place));
    await rename(session.at('aside'), session.at(place));
    const tree = await session.checkpoint();
    for (const name of NAMES) {
      expect((await runGit(session.historyGit, 'cat-file', 'blob', `${tree}:dir/${name}`)).toString()).toBe(
        'mine\n',
      );
    }
    await expectNoSecrets(session);
  });
});

const CHANGING_PLACES = `while true; do
  mv dir aside; ln -s "$1" dir; rm dir; mv aside dir
  for file in a.txt new.txt deep/a.txt; do echo mine again >> dir/$file; done
done`;

test('folders and links swap places continuously: nothing from outside is recorded', async () => {
  const session = await open();
  const agent = spawn('sh', ['-c', CHANGING_PLACES, 'sh', outside], { cwd: session.repo, stdio: 'ignore' });
  try {
    for (let round = 0; round < 20; round++) await session.checkpoint();
  } finally {
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  }
  await expectNoSecrets(session);
});

test('folders and links swap places continuously: nothing from outside is downloaded', async () => {
  const session = await open();
  await session.write('.gitignore', '*\n');
  await session.write('ignored/dir/a.txt', 'mine\n');
  await session.write('ignored/dir/deep/a.txt', 'mine\n');
  const leftovers = histories.app.get(Leftovers);
  const { ctx } = histories;
  const agent = spawn('sh', ['-c', CHANGING_PLACES, 'sh', outside], {
    cwd: session.at('ignored').toString(),
    stdio: 'ignore',
  });
  try {
    for (let round = 0; round < 30; round++) {
      const { content } = await leftovers.ignoredArchive(ctx, session.sessionId, 'ignored');
      const path = ['ignored/dir/a.txt', 'ignored/dir/deep/a.txt'][round % 2] ?? '';
      const file = await leftovers.ignoredFile(ctx, session.sessionId, path).catch(() => null);
      for (const stream of [content, ...(file ? [file.content] : [])])
        expect((await buffer(stream)).toString('latin1')).not.toContain('the secret');
    }
  } finally {
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  }
});
