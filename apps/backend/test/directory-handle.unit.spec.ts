import { closeSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryHandle } from '../src/workspaces/storage/directory-handle.js';

let root: string;
let repo: DirectoryHandle;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'saas-codex-directory-'));
  await mkdir(join(root, 'repo/a/b'), { recursive: true });
  await mkdir(join(root, 'outside/b'), { recursive: true });
  for (const folder of ['repo/a', 'repo/a/b']) await writeFile(join(root, folder, 'file'), 'inside');
  for (const folder of ['outside', 'outside/b']) await writeFile(join(root, folder, 'file'), 'outside');
  repo = await DirectoryHandle.openPath(join(root, 'repo'));
});
afterEach(async () => {
  repo.close();
  await rm(root, { recursive: true, force: true });
});

const name = (text: string) => Buffer.from(text);
const swap = async (place: string, target: string) => {
  await rename(join(root, place), join(root, 'repo/aside'));
  await symlink(join(root, target), join(root, place));
};

test('a link that replaces a folder is not followed: on the way, at the end, or while the folder is open', async () => {
  const folder = await repo.openDescendant(name('a/b'));
  if (folder === null) throw new Error('The folder is there.');
  await swap('repo/a', 'outside');
  const file = await folder.openFile(name('file'));
  expect(readFileSync(file, 'utf8')).toBe('inside');
  closeSync(file);
  folder.close();
  expect(await repo.openDescendant(name('a/b'))).toBeNull();
  expect(await repo.openDescendant(name('a'))).toBeNull();
  expect(await repo.openChild(name('a'))).toBeNull();
  await expect(DirectoryHandle.openPath(join(root, 'repo/a'))).rejects.toThrow();
});

test('a link that replaces a file is not opened', async () => {
  await swap('repo/a/file', 'outside/file');
  const folder = await repo.openDescendant(name('a'));
  await expect(folder?.openFile(name('file'))).rejects.toMatchObject({ code: 'ELOOP' });
  expect((await folder?.readlink(name('file')))?.toString()).toBe(join(root, 'outside/file'));
  folder?.close();
});
