import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type GitServer, startGitServer } from '../../git-server.js';
import { summary } from '../history-fixture.js';
import { startWorkspaces, type WorkspacesFixture } from '../workspaces-fixture.js';

/** A poisoned workspace and its surroundings. */
interface Site {
  repo: string;
  /** Exists once `fires` has run. */
  marker: string;
  /** The shell command that the poison tries to execute. It copies its input to its output. */
  fires: string;
  /** A folder outside every workspace. */
  elsewhere: string;
  /** Runs a script in the work tree, as a person whose home folder may be poisoned too. */
  shell(script: string, timeoutMs?: number): Promise<string>;
  /** Sets plain git configuration of the work tree: `[key, value]`. */
  configure(...settings: [string, string][]): Promise<void>;
  write(path: string, content: string, mode?: number): Promise<void>;
}

/** What an agent left in a repository, and a control that shows how a careless tool falls for it. */
export interface Poison {
  name: string;
  /** Files of the repository that is cloned, besides `a.txt`. */
  repository?: Record<string, string>;
  plant(site: Site): Promise<unknown>;
  /** The control's script. It runs in the work tree that the product has looked at, and may fail. */
  naive: string;
  /** True when the control fell for the poison. By default: when the marker exists. */
  fired?: (output: string) => boolean;
  /** The control falls for the poison by never ending. */
  stalls?: boolean;
  /** Lines of the session's diff, besides the change of `a.txt`. */
  adds?: string[];
  /** The work tree cannot be recorded, which the product reports as `workspace_unreadable`. */
  refused?: boolean;
}

const SHELL_TIMEOUT_MS = 10_000;
/** For a control that is expected not to end. */
const STALL_TIMEOUT_MS = 400;
/** The output of a script that did not end by itself ends with this. */
const STALLED = 'STALLED';
/** Contents of `$ELSEWHERE/secret`, which must never be shown. */
export const SECRET = 'not for this session';
const CHANGED = 'modified a.txt +1 -1';

type Opened = Awaited<ReturnType<WorkspacesFixture['openSession']>>;

/** Workspaces and a person's home in separate folders, and a git server on loopback. It can restart the service. */
class PoisonWorld {
  private readonly outside = mkdtempSync(join(tmpdir(), 'saas-codex-poison-'));
  private readonly home = join(this.outside, 'home');
  private readonly urls = new Map<string, string>();
  private plain: Promise<Opened> | null = null;
  private readonly planted = new Map<Poison, { session: Opened; site: Site }>();

  private constructor(
    private readonly git: GitServer,
    private fixture: WorkspacesFixture,
  ) {}

  static async start(): Promise<PoisonWorld> {
    const git = await startGitServer();
    const world = new PoisonWorld(git, await startWorkspaces([git.host]));
    await mkdir(world.home);
    await writeFile(join(world.home, '.gitconfig'), '[user]\nname = Ada\nemail = ada@example.org\n');
    // The home of the person who starts the service. It must not matter.
    process.env.HOME = world.home;
    world.shortenTimeouts();
    return world;
  }

  async close(): Promise<void> {
    await this.fixture.close();
    await this.git.stop();
    rmSync(this.outside, { recursive: true, force: true });
  }

  /** Ends the service and starts it again on the same folders. */
  async restart(): Promise<void> {
    await this.fixture.app.close();
    this.fixture = await startWorkspaces([this.git.host], this.fixture.root);
    this.shortenTimeouts();
  }

  /** A session on the poison's own repository, or else a copy of the session on the plain repository. */
  private async open(repository?: Record<string, string>): Promise<Opened> {
    if (repository) return this.clone(repository);
    this.plain ??= this.clone({});
    const plain = await this.plain;
    const sessionId = randomUUID();
    const folder = (id: string) => join(this.fixture.root, id);
    await promisify(execFile)('cp', ['-a', folder(plain.sessionId), folder(sessionId)]);
    return { ...plain, sessionId, repo: this.fixture.storage.repoPath(sessionId) };
  }

  /** Clones a repository, which is created on the first call. */
  private async clone(repository: Record<string, string>): Promise<Opened> {
    const key = JSON.stringify(repository);
    const url =
      this.urls.get(key) ??
      (await this.git.createRepository(randomUUID(), { 'a.txt': 'a\n', ...repository }));
    this.urls.set(key, url);
    return this.fixture.openSession(url);
  }

  /** The site of one session, with its own marker. */
  private async site(repo: string): Promise<Site> {
    const elsewhere = join(this.outside, randomUUID());
    const marker = join(elsewhere, 'marker');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'secret'), `${SECRET}\n`);
    const shell = (script: string, timeoutMs = SHELL_TIMEOUT_MS) =>
      runShell(script, timeoutMs, repo, { HOME: this.home, MARKER: marker, ELSEWHERE: elsewhere });
    return {
      repo,
      marker,
      elsewhere,
      fires: `touch ${marker}; cat`,
      shell,
      async configure(...settings) {
        for (const [key, value] of settings) await shell(`git config --add ${key} '${value}'`);
      },
      async write(path, content, mode = 0o644) {
        const target = join(repo, path);
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, content);
        await chmod(target, mode);
      },
    };
  }

  /** Performs every operation of the product on a workspace. @returns the diff that it shows */
  private async look(session: Opened) {
    const { ctx, history } = this.fixture;
    const { sessionId, baseTree } = session;
    const tree = await history.takeCheckpoint(ctx, sessionId);
    const comparison = { sessionId, from: baseTree, to: tree };
    const diff = await history.diff(ctx, comparison);
    const stat = await history.diffStat(ctx, comparison);
    const patches = new Map<string, string>();
    for (const { path } of diff.files) {
      patches.set(path, (await history.filePatch(ctx, comparison, path)).patch);
    }
    return { tree, files: summary(diff).toSorted(), stat, patches };
  }

  /** Clones, plants the poison, and inspects the workspace. */
  async checkPoison(poison: Poison): Promise<void> {
    const session = await this.open(poison.repository);
    const site = await this.site(session.repo);
    this.planted.set(poison, { session, site });
    await poison.plant(site);
    await site.write('a.txt', 'changed\n');
    await this.expectTruth(poison, 'changed');
  }

  /** After a restart: inspects the workspace again, makes a second clone, and then runs the control. */
  async checkAfterRestart(poison: Poison): Promise<void> {
    const { session, site } = this.planted.get(poison) ?? fail('checkPoison comes first');
    if (poison.repository) expect((await this.open(poison.repository)).baseTree).toBe(session.baseTree);
    await site.write('a.txt', 'again\n');
    await this.expectTruth(poison, 'again');
    expect(existsSync(site.marker)).toBe(false);

    const output = await site.shell(poison.naive, poison.stalls ? STALL_TIMEOUT_MS : SHELL_TIMEOUT_MS);
    const stalled = () => output.endsWith(STALLED);
    const fired = poison.stalls ? stalled : (poison.fired ?? (() => existsSync(site.marker)));
    expect(fired(output) ? 'the control fired' : `the control did not fire: ${output}`).toBe(
      'the control fired',
    );
  }

  private async expectTruth(poison: Poison, text: string): Promise<void> {
    const { session, site } = this.planted.get(poison) ?? fail('checkPoison comes first');
    if (poison.refused) {
      await expect(this.look(session)).rejects.toMatchObject({ code: 'workspace_unreadable' });
    } else {
      const { files, stat, patches } = await this.look(session);
      expect(files).toEqual([CHANGED, ...(poison.adds ?? [])].toSorted());
      expect(stat.files).toBe(files.length);
      expect(patches.get('a.txt')).toContain(`\n-a\n+${text}\n`);
      expect([...patches.values()].join('')).not.toContain(SECRET);
    }
    expect(existsSync(site.marker)).toBe(false);
  }

  /** Shortens the timeouts, so that everything that hangs fails soon. */
  private shortenTimeouts(): void {
    this.fixture.limits.localMs = 10_000;
    this.fixture.limits.pipesEveryMs = 20;
  }
}

function fail(message: string): never {
  throw new Error(message);
}

/** @returns the output of a script, stdout and stderr. A script that does not end is killed, with all its children. */
function runShell(
  script: string,
  timeoutMs: number,
  cwd: string,
  env: Record<string, string>,
): Promise<string> {
  return new Promise((resolve) => {
    const shell = spawn('sh', ['-c', script], {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        TERM: 'dumb',
        ...env,
      },
    });
    let output = '';
    const read = (chunk: Buffer) => (output += chunk.toString());
    shell.stdout.on('data', read);
    shell.stderr.on('data', read);
    const deadline = setTimeout(() => {
      output += STALLED;
      if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
    }, timeoutMs);
    shell.on('close', () => {
      clearTimeout(deadline);
      resolve(output);
    });
  });
}

/** Tests every poison by itself, and then all of them after one restart. */
export function testPoisons(groups: Record<string, readonly Poison[]>): void {
  let world: PoisonWorld;
  beforeAll(async () => (world = await PoisonWorld.start()));
  afterAll(() => world.close());

  describe.each(Object.entries(groups))('%s', (_, poisons) => {
    test.each(poisons)('$name', (poison) => world.checkPoison(poison));
  });
  describe('after a restart, while the control fires', () => {
    beforeAll(() => world.restart());
    test.each(Object.values(groups).flat())('$name', (poison) => world.checkAfterRestart(poison));
  });
}
