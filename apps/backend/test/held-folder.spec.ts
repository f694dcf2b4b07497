import { closeSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeldFolder } from '../src/workspaces/held-folder.js';

let root: string;
let held: HeldFolder;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'saas-codex-held-'));
  await mkdir(join(root, 'repo/a/b'), { recursive: true });
  await mkdir(join(root, 'outside/b'), { recursive: true });
  for (const folder of ['repo/a', 'repo/a/b']) await writeFile(join(root, folder, 'file'), 'inside');
  for (const folder of ['outside', 'outside/b']) await writeFile(join(root, folder, 'file'), 'outside');
  held = await HeldFolder.open(join(root, 'repo'));
});
afterEach(async () => {
  held.close();
  await rm(root, { recursive: true, force: true });
});

const name = (text: string) => Buffer.from(text);
const swap = async (place: string, target: string) => {
  await rename(join(root, place), join(root, 'repo/aside'));
  await symlink(join(root, target), join(root, place));
};

test('a link that takes a folder’s place leads nowhere: on the way, at the end, and once it is held', async () => {
  const folder = await held.folder(name('a/b'));
  if (folder === null) throw new Error('The folder is there.');
  await swap('repo/a', 'outside');
  const file = await folder.file(name('file'));
  expect(readFileSync(file, 'utf8')).toBe('inside');
  closeSync(file);
  folder.close();
  expect(await held.folder(name('a/b'))).toBeNull();
  expect(await held.folder(name('a'))).toBeNull();
  expect(await held.child(name('a'))).toBeNull();
  await expect(HeldFolder.open(join(root, 'repo/a'))).rejects.toThrow();
});

test('a link that takes a file’s place is not opened', async () => {
  await swap('repo/a/file', 'outside/file');
  const folder = await held.folder(name('a'));
  await expect(folder?.file(name('file'))).rejects.toMatchObject({ code: 'ELOOP' });
  expect((await folder?.link(name('file')))?.toString()).toBe(join(root, 'outside/file'));
  folder?.close();
});
