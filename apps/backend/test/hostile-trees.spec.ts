import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { runGit } from '@saas-codex/testing/backend/history-fixture';
import { ObjectWriter, type TreeEntry } from '@saas-codex/testing/backend/tree-bombs';
import { startWorkspaces, type WorkspacesFixture } from '@saas-codex/testing/backend/workspaces-fixture';

/*
 * Repositories with trees that no git would make: names that point outside the work tree or into its `.git`, and a few
 * kilobytes that expand to millions of files. The product clones each of them, and as a control a careless tool writes
 * out what they name.
 */
/** One for ls-remote, and three for a fetch. */
const REQUESTS_OF_A_CLONE = 4;

let git: GitServer;
let fixture: WorkspacesFixture;
beforeAll(async () => {
  git = await startGitServer();
  fixture = await startWorkspaces([git.host]);
});
afterAll(async () => {
  await fixture.close();
  await git.stop();
});

async function publish(
  build: (objects: ObjectWriter) => Promise<string>,
): Promise<{ url: string; bare: string }> {
  const name = randomUUID();
  const url = await git.createRepository(name, { 'a.txt': 'a\n' });
  const objects = new ObjectWriter(git.path(name));
  await objects.publish(await build(objects));
  return { url, bare: git.path(name) };
}

/** Writes the files of a tree without checking their names. */
async function writeCarelessly(bare: string, target: string): Promise<void> {
  const listing = (await runGit(bare, 'ls-tree', '-r', '-z', 'main')).toString('latin1');
  for (const line of listing.split('\0').filter((entry) => entry !== '')) {
    const [head = '', path = ''] = line.split('\t');
    const [mode, , oid = ''] = head.split(' ');
    const content = await runGit(bare, 'cat-file', 'blob', oid);
    await mkdir(dirname(join(target, path)), { recursive: true });
    await (mode === '120000'
      ? symlink(content.toString(), join(target, path))
      : writeFile(join(target, path), content));
  }
}

type Build = (objects: ObjectWriter) => Promise<string>;
const file = async (objects: ObjectWriter, name: string): Promise<TreeEntry> => ({
  mode: '100644',
  name,
  oid: await objects.blob('escaped\n'),
});
/** A tree with a file in nested folders of these names. */
const path =
  (...names: string[]): Build =>
  async (objects) => {
    let oid = await objects.tree([await file(objects, names.at(-1) ?? '')]);
    for (const name of names.slice(0, -1).toReversed())
      oid = await objects.tree([{ mode: '40000', name, oid }]);
    return oid;
  };

const ESCAPES: [string, Build, string][] = [
  ['.git', path('.git', 'escaped'), '.git/escaped'],
  ['.GIT', path('.GIT', 'escaped'), '.GIT/escaped'],
  ['git~1', path('git~1', 'escaped'), 'git~1/escaped'],
  ['.git with a space at its end', path('.git ', 'escaped'), '.git /escaped'],
  ['.git in a folder', path('dir', '.git', 'escaped'), 'dir/.git/escaped'],
  ['..', path('..', 'escaped'), '../escaped'],
  ['a path as a name', path('../escaped'), '../escaped'],
  ['an absolute path as a name', path('/escaped'), 'escaped'],
  [
    'a link, and a folder of the same name',
    async (objects) => {
      const link: TreeEntry = { mode: '120000', name: 'x', oid: await objects.blob('..') };
      const folder: TreeEntry = { mode: '40000', name: 'x', oid: await path('escaped')(objects) };
      return objects.tree([link, folder]);
    },
    '../escaped',
  ],
];

test.each(ESCAPES)('%s is refused, or stays inside', async (_name, build, lands) => {
  const { url, bare } = await publish(build);
  const sessionId = randomUUID();
  const made = await fixture.clones
    .createWorkspace(fixture.ctx, sessionId, { repoUrl: url, ref: null }, () => {})
    .then(
      () => true,
      (error: { code: string }) => {
        expect(error.code).toBe('clone_failed');
        return false;
      },
    );
  const repo = fixture.storage.repoPath(sessionId);
  await expect(access(join(repo, lands))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(access(join(fixture.root, 'escaped'))).rejects.toMatchObject({ code: 'ENOENT' });
  if (made) await fixture.history.takeCheckpoint(fixture.ctx, sessionId);

  const careless = join(fixture.root, 'careless', randomUUID(), 'repo');
  await mkdir(careless, { recursive: true });
  await writeCarelessly(bare, careless);
  await access(join(careless, lands));
});

const codeOf = (url: string) =>
  fixture.openSession(url).then(
    () => 'none',
    ({ code }: { code: string }) => code,
  );

test.each([
  ['a million files', 6],
  ['a million million files', 12],
])('a tree that expands to %s is refused before anything is written', async (_name, levels) => {
  const { url, bare } = await publish((objects) => objects.nested(levels, [...'0123456789']));
  const objects = await runGit(bare, 'count-objects');
  expect(Number.parseInt(objects.toString(), 10)).toBeLessThan(20);
  expect(await codeOf(url)).toBe('clone_too_large');
});

test('nested folders that are deeper than a path can be long are refused', async () => {
  expect(await codeOf((await publish((objects) => objects.nested(2_500, ['d']))).url)).toBe('clone_failed');
});

test('submodules and LFS objects are not fetched', async () => {
  const inner = await git.createRepository('inner', { 'a.txt': 'a\n' });
  const commit = (await runGit(git.path('inner'), 'rev-parse', 'main')).toString().trim();
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9\n`;
  const { url } = await publish(async (objects) => {
    const texts = {
      '.gitattributes': '*.bin filter=lfs\n',
      '.gitmodules': `[submodule "inner"]\npath = inner\nurl = ${inner}\nupdate = checkout\n`,
      '.lfsconfig': `[lfs]\nurl = ${inner}/info/lfs\n`,
      'a.bin': pointer,
    };
    const files = Object.entries(texts).map(async ([name, text]): Promise<TreeEntry> => ({
      mode: '100644',
      name,
      oid: await objects.blob(text),
    }));
    return objects.tree([...(await Promise.all(files)), { mode: '160000', name: 'inner', oid: commit }]);
  });
  const before = git.requests();
  const { repo } = await fixture.openSession(url);
  expect(git.requests() - before).toBe(REQUESTS_OF_A_CLONE);
  expect(await readdir(join(repo, 'inner'))).toEqual([]);
  expect(await readFile(join(repo, 'a.bin'), 'utf8')).toBe(pointer);
});
