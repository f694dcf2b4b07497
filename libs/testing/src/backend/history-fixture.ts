import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Diff } from '@saas-codex/contracts/diffs';
import { type GitServer, startGitServer } from '../git-server.js';
import { startWorkspaces, type WorkspacesFixture } from './workspaces-fixture.js';

export const execute = promisify(execFile);
const AUTHOR = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
/** Runs git as a person does. */
export const runGit = async (cwd: string, ...args: string[]) =>
  (await execute('git', [...AUTHOR, ...args], { cwd, encoding: 'buffer' })).stdout;

/** Opens a session on a repository of its own. @param files of the repository; null: an empty repository */
async function openHistory(
  git: GitServer,
  fixture: WorkspacesFixture,
  files: Record<string, string | Buffer> | null,
) {
  const url = files && (await git.createRepository(`history-${randomUUID()}`, files));
  const session = await fixture.openSession(url);
  const { ctx, history } = fixture;
  const { sessionId } = session;
  const at = (path: string | Buffer) => Buffer.concat([Buffer.from(`${session.repo}/`), Buffer.from(path)]);
  const historyGit = join(fixture.root, session.sessionId, 'history.git');
  return {
    ...session,
    at,
    historyGit,
    async write(path: string | Buffer, content: string | Buffer) {
      if (typeof path === 'string') await mkdir(dirname(at(path).toString()), { recursive: true });
      await writeFile(at(path), content);
    },
    checkpoint: () => history.takeCheckpoint(ctx, sessionId),
    diff: (from: string, to: string, page?: { cursor?: string; limit?: number }) =>
      history.diff(ctx, { sessionId, from, to }, page),
    stat: (from: string, to: string) => history.diffStat(ctx, { sessionId, from, to }),
    patch: (from: string, to: string, path: string) => history.filePatch(ctx, { sessionId, from, to }, path),
    /** `git ls-tree -r` as `path → mode`. */
    async modes(tree: string): Promise<Record<string, string>> {
      const listing = (await runGit(historyGit, 'ls-tree', '-r', '-z', tree)).toString('latin1');
      const lines = listing.split('\0').filter((line) => line !== '');
      return Object.fromEntries(lines.map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, 6)]));
    },
  };
}

/** One line per file: status, path, counts. */
export const summary = ({ files }: Diff) =>
  files.map(({ status, path, old_path, additions, deletions }) =>
    [status, old_path && `${old_path} →`, path, additions === null ? 'binary' : `+${additions} -${deletions}`]
      .filter((part) => part !== null)
      .join(' '),
  );

/** Workspaces for specs of checkpoints and diffs. */
export async function startHistories() {
  const git = await startGitServer();
  const fixture = await startWorkspaces([git.host]);
  return {
    ...fixture,
    openHistory: (files: Parameters<typeof openHistory>[2]) => openHistory(git, fixture, files),
    async close() {
      await fixture.close();
      await git.stop();
    },
  };
}
