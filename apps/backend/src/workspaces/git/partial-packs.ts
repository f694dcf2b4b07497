import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes what a git that was ended left behind. Nobody else may write to the repository meanwhile. */
export async function removePartialPacks(gitDir: string): Promise<void> {
  const folder = join(gitDir, 'objects', 'pack');
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter((name) => name.startsWith('tmp_')).map((name) => rm(join(folder, name), { force: true })),
  );
}
