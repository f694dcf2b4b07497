/** A real git server over HTTP: `git http-backend` as CGI behind a tiny Node server on loopback. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { answerWithGit } from '../../../scripts/lib/git-http-backend.mjs';

const execute = promisify(execFile);
const AUTHOR = { name: 'Ada', email: 'ada@example.org' };
const ENVIRONMENT = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: AUTHOR.name,
  GIT_AUTHOR_EMAIL: AUTHOR.email,
  GIT_COMMITTER_NAME: AUTHOR.name,
  GIT_COMMITTER_EMAIL: AUTHOR.email,
};

export interface GitServer {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  /** `127.0.0.1:<port>`, for GIT_TRUSTED_HOSTS */
  host: string;
  /** Number of requests so far, to check whether a mirror was fetched again. */
  requests(): number;
  /** Creates a repository with one commit on `main`. @returns its address */
  createRepository(name: string, files: Record<string, string | Buffer>): Promise<string>;
  /** Adds a commit to a repository's branch, which is created if it is missing. */
  commit(name: string, files: Record<string, string | Buffer>, branch?: string): Promise<void>;
  /** From now on the repository asks for this user name and password. null: anybody reads it. */
  protect(name: string, login: { username: string; password: string } | null): void;
  /** From now on the repository, which need not be there, is at another origin. */
  redirect(name: string, origin: string): void;
  /** From now on requests for the repository get this status instead of git's answer. null: no longer. */
  fail(name: string, status: number | null): void;
  /** From now on this may answer a request, before git does. @param answer false: it is for git */
  alsoAnswers(answer: (req: IncomingMessage, res: ServerResponse) => boolean): void;
  /** The bare repository's folder, for what the helpers above cannot do. */
  path(name: string): string;
  stop(): Promise<void>;
}

/** @param port any free one by default */
export async function startGitServer(port = 0): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'saas-codex-git-'));
  const git = (cwd: string, ...args: string[]) => execute('git', args, { cwd, env: ENVIRONMENT });
  let requests = 0;
  const logins = new Map<string, string>();
  const moved = new Map<string, string>();
  const failing = new Map<string, number>();
  let answersItself: Parameters<GitServer['alsoAnswers']>[0] = () => false;
  const server = createServer((req, res) => {
    requests++;
    if (answersItself(req, res)) return;
    const { url = '/', headers } = req;
    const [name = ''] = url.slice(1).split('.git/');
    const wanted = logins.get(name);
    const { authorization } = headers;
    const origin = moved.get(name);
    const failure = failing.get(name);
    if (origin !== undefined) res.writeHead(302, { location: origin + url }).end();
    else if (failure !== undefined) res.writeHead(failure).end();
    else if (wanted === undefined || authorization === wanted) answerWithGit(root, req, res, ENVIRONMENT);
    else res.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bare = (name: string) => join(root, `${name}.git`);

  const commit: GitServer['commit'] = async (name, files, branch = 'main') => {
    const work = await mkdtemp(join(root, 'work-'));
    await git(root, 'clone', '-q', bare(name), work);
    await git(work, 'checkout', '-q', '-B', branch);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(work, path)), { recursive: true });
      await writeFile(join(work, path), content);
    }
    await git(work, 'add', '-A', '-f');
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'Commit');
    await git(work, 'push', '-q', 'origin', branch);
    await rm(work, { recursive: true, force: true });
  };

  return {
    origin: `http://${host}`,
    host,
    requests: () => requests,
    path: bare,
    alsoAnswers: (answer) => void (answersItself = answer),
    redirect: (name, origin) => void moved.set(name, origin),
    fail: (name, status) => void (status === null ? failing.delete(name) : failing.set(name, status)),
    protect(name, login) {
      if (login === null) return void logins.delete(name);
      const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64');
      logins.set(name, `Basic ${basic}`);
    },
    commit,
    async createRepository(name, files) {
      await git(root, 'init', '-q', '--bare', '-b', 'main', bare(name));
      await git(bare(name), 'config', 'http.receivepack', 'true');
      await commit(name, files);
      return `http://${host}/${name}.git`;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(root, { recursive: true, force: true });
    },
  };
}
