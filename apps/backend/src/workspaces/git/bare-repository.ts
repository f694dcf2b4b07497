import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GitPluginError, type SimpleGit, simpleGit } from 'simple-git';
import { GitFailure, type GitFailureKind } from './git.js';
import { MACHINE_INDEPENDENT } from './git-environment.js';

/*
 * Reads bare repositories that only we write to: the mirrors. No agent can change one, it has no work tree, and
 * reading it contacts no other host. That is what simple-git is good at, with all its guards in place; everything
 * else goes through Git (docs/adr/0009).
 */

export interface ReadOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

/**
 * The branches and tags: object ids by full name. An annotated tag has the id of the tag object.
 * @throws GitFailure
 */
export async function readRefs(gitDir: string, options: ReadOptions): Promise<Map<string, string>> {
  const format = '--format=%(objectname) %(refname)';
  const listing = await read(gitDir, options, 'for-each-ref', (git) =>
    git.raw('for-each-ref', format, 'refs/heads', 'refs/tags'),
  );
  const lines = listing.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}

/**
 * Bytes that the objects of the repository take, packed or not. Borrowed objects do not count.
 * @throws GitFailure
 */
export async function readObjectBytes(gitDir: string, options: ReadOptions): Promise<number> {
  const { size, sizePack } = await read(gitDir, options, 'count-objects', (git) => git.countObjects());
  return (size + sizePack) * 1024;
}

/** Removes the partial packs that a killed git left behind. Nothing else may write to the repository meanwhile. */
export async function removePartialPacks(gitDir: string): Promise<void> {
  const folder = join(gitDir, 'objects', 'pack');
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter((name) => name.startsWith('tmp_')).map((name) => rm(join(folder, name), { force: true })),
  );
}

async function read<T>(
  gitDir: string,
  { timeoutMs, signal }: ReadOptions,
  command: string,
  ask: (git: SimpleGit) => Promise<T>,
): Promise<T> {
  const env = { ...MACHINE_INDEPENDENT, GIT_DIR: gitDir };
  const git = simpleGit({
    baseDir: gitDir,
    allowEnvironment: Object.keys(env),
    timeout: { block: timeoutMs },
    ...(signal && { abort: signal }),
    // By default, an exit code without anything on stderr counts as success.
    errors: (error, { exitCode }) =>
      exitCode === 0 ? undefined : (error ?? Buffer.from(`exit ${exitCode}`)),
  });
  try {
    return await ask(git.env(env));
  } catch (error) {
    throw new GitFailure(kindOf(error, signal), command, null, String(error));
  }
}

function kindOf(error: unknown, signal: AbortSignal | undefined): GitFailureKind {
  if (signal?.aborted) return 'aborted';
  return error instanceof GitPluginError && error.plugin === 'timeout' ? 'timeout' : 'exit';
}
