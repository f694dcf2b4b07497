import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { answerWithGit } from '../../lib/git-http-backend.mjs';
import { capture } from '../../lib/run.mjs';

/* As large as the repository in the first measurements of cloning: 38 MB of files, 220 MB of history. */
const FILES = 5_053;
const FILE_BYTES = 7_500;
/** Number of files that most commits change. */
const BUSY_FILES = 500;
const COMMITS = 54_660;
const CHANGE_BYTES = 5_000;
export const GIT_ENVIRONMENT = {
  PATH: process.env['PATH'],
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
};

/** Creates a bare repository with many files and a long history at `path`. @param {string} path */
export async function makeRepository(path) {
  await capture('git', ['init', '-q', '--bare', '-b', 'main', path], { env: GIT_ENVIRONMENT });
  const child = spawn('git', ['-C', path, 'fast-import', '--quiet'], {
    env: GIT_ENVIRONMENT,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  for (const piece of history()) if (!child.stdin.write(piece)) await once(child.stdin, 'drain');
  child.stdin.end();
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('git fast-import failed.');
}

/** For git fast-import. */
function* history() {
  for (let commit = 0; commit <= COMMITS; commit++) {
    yield `commit refs/heads/main\ncommitter Ada <ada@example.org> ${1_700_000_000 + commit} +0000\ndata 7\nMeasure\n`;
    if (commit === 0) for (let file = 0; file < FILES; file++) yield* change(file, FILE_BYTES);
    else yield* change((commit * 7) % BUSY_FILES, CHANGE_BYTES);
  }
}

/** @param {number} file @param {number} bytes */
function* change(file, bytes) {
  yield `M 100644 inline folder-${file % 100}/file-${file}.txt\ndata ${bytes}\n`;
  yield randomBytes(bytes * 0.75)
    .toString('base64')
    .slice(0, bytes);
  yield '\n';
}

/** Serves the bare repositories below `folder`: `git http-backend` behind Node. @param {string} folder */
export async function startGitServer(folder) {
  const server = createServer((req, res) => answerWithGit(folder, req, res, GIT_ENVIRONMENT)).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    host: `127.0.0.1:${address.port}`,
    url: (/** @type {string} */ name) => `http://127.0.0.1:${address.port}/${name}`,
    path: (/** @type {string} */ name) => join(folder, name),
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
