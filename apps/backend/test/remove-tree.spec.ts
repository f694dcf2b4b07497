import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeTree } from '../src/workspaces/storage/remove-tree.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'saas-codex-remove-'));
  await mkdir(join(root, 'folder/sub'), { recursive: true });
  await mkdir(join(root, 'other'));
  await writeFile(join(root, 'other/kept.txt'), 'kept\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const shell = (script: string) => promisify(execFile)('sh', ['-c', script], { cwd: join(root, 'folder') });

test.each([
  ['names that are not UTF-8', `mkdir "$(printf 'd\\351')"; touch "$(printf 'd\\351/f\\377')"`],
  [
    'links, pipes, and folders without permissions',
    'ln -s ../other sub/x; mkfifo p; mkdir no; touch no/f; chmod 0 no',
  ],
  ['many files', 'seq 3000 | xargs touch'],
  [
    'folders deeper than a path can be long',
    `perl -e 'for (1..3000) { mkdir "deep-$_"; chdir "deep-$_" } open F, ">file"'`,
  ],
])('%s are removed', async (_, script) => {
  await shell(script);
  await removeTree(join(root, 'folder'));
  expect(await readdir(root)).toEqual(['other']);
  await access(join(root, 'other/kept.txt'));
});

test('a link in place of the folder is not followed, and a missing folder is no error', async () => {
  await symlink(join(root, 'other'), join(root, 'link'));
  await removeTree(join(root, 'link'));
  await removeTree(join(root, 'nothing'));
  await access(join(root, 'other/kept.txt'));
});
