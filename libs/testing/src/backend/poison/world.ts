import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type GitServer, startGitServer } from '../../git-server.js';
import { summary } from '../history-fixture.js';
import { runShell, STALLED } from './shell.js';
import { startWorkspaces, type WorkspacesFixture } from '../workspaces-fixture.js';

/** A poisoned workspace, and the places around it. */
interface Site {
  repo: string;
  /** Exists once somebody ran `fires`. */
  marker: string;
  /** Shell command that the poison wants somebody to run; it passes its input on. */
  fires: string;
  /** Folder outside of every workspace. */
  elsewhere: string;
  /** Runs a script in the work tree, as the person whose home folder may be poisoned too. */
  shell(script: string, patienceMs?: number): Promise<string>;
  /** Sets plain git configuration of the work tree: `[key, value]`. */
  configure(...settings: [string, string][]): Promise<void>;
  write(path: string, content: string, mode?: number): Promise<void>;
}

/** What somebody left in a repository, and how a careless git falls for it. */
export interface Poison {
  name: string;
  /** Files of the repository that is cloned, besides `a.txt`. */
  repository?: Record<string, string>;
  plant(site: Site): Promise<unknown>;
  /** Script of the control, run in the very work tree that the product has looked at; its failing is no matter. */
  naive: string;
  /** Whether the control fell for it; default: the marker is there. */
  fired?: (output: string) => boolean;
  /** The control falls for it by never ending. */
  stalls?: boolean;
  /** Lines of the session's true diff, besides the change of `a.txt`. */
  adds?: string[];
  /** The work tree cannot be recorded, and the person is told so. */
  refused?: boolean;
}

/** How long a control may take, and one that is to hang. */
const PATIENCE_MS = 10_000;
const STALL_MS = 400;
/** Content of `$ELSEWHERE/secret`, which is never to be shown. */
export const SECRET = 'not for this session';
const CHANGED = 'modified a.txt +1 -1';

type Opened = Awaited<ReturnType<WorkspacesFixture['open']>>;

/** Sessions, workspaces and a person's home below one folder, a git server on loopback, and a restart at will. */
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
    // The service is started by somebody whose home it must not look into.
    process.env.HOME = world.home;
    world.hurry();
    return world;
  }

  async close(): Promise<void> {
    await this.fixture.close();
    await this.git.stop();
    rmSync(this.outside, { recursive: true, force: true });
  }

  /** The service ends, and another one starts on the same folders. */
  async restart(): Promise<void> {
    await this.fixture.app.close();
    this.fixture = await startWorkspaces([this.git.host], this.fixture.root);
    this.hurry();
  }

  /** A session on a repository: on the poison's own, or a copy of one that was opened on the plain one. */
  private async open(repository?: Record<string, string>): Promise<Opened> {
    if (repository) return this.clone(repository);
    this.plain ??= this.clone({});
    const plain = await this.plain;
    const sessionId = randomUUID();
    const folder = (id: string) => join(this.fixture.root, id);
    await promisify(execFile)('cp', ['-a', folder(plain.sessionId), folder(sessionId)]);
    return { ...plain, sessionId, repo: this.fixture.workspaces.repoPath(sessionId) };
  }

  /** The repository is made once. */
  private async clone(repository: Record<string, string>): Promise<Opened> {
    const key = JSON.stringify(repository);
    const url =
      this.urls.get(key) ??
      (await this.git.createRepository(randomUUID(), { 'a.txt': 'a\n', ...repository }));
    this.urls.set(key, url);
    return this.fixture.open(url);
  }

  /** Places for one session, with a marker of its own. */
  private async site(repo: string): Promise<Site> {
    const elsewhere = join(this.outside, randomUUID());
    const marker = join(elsewhere, 'marker');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'secret'), `${SECRET}\n`);
    const shell = (script: string, patienceMs = PATIENCE_MS) =>
      runShell(script, patienceMs, repo, { HOME: this.home, MARKER: marker, ELSEWHERE: elsewhere });
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

  /** Everything that the product does with a workspace; answers what it tells the person. */
  private async look(session: Opened) {
    const { workspaces, ctx } = this.fixture;
    const { sessionId, baseTree } = session;
    const tree = await workspaces.checkpoint(ctx, sessionId);
    const diff = await workspaces.diff(ctx, sessionId, baseTree, tree);
    const stat = await workspaces.stat(ctx, sessionId, baseTree, tree);
    const patches = new Map<string, string>();
    for (const { path } of diff.files) {
      patches.set(path, (await workspaces.patch(ctx, sessionId, baseTree, tree, path)).patch);
    }
    return { tree, files: summary(diff).toSorted(), stat, patches };
  }

  /** Clone, poison, look. */
  async check(poison: Poison): Promise<void> {
    const session = await this.open(poison.repository);
    const site = await this.site(session.repo);
    this.planted.set(poison, { session, site });
    await poison.plant(site);
    await site.write('a.txt', 'changed\n');
    await this.expectTruth(poison, 'changed');
  }

  /** After a restart: look again, make a second clone; and then the control. */
  async checkAgain(poison: Poison): Promise<void> {
    const { session, site } = this.planted.get(poison) ?? fail('check comes first');
    if (poison.repository) expect((await this.open(poison.repository)).baseTree).toBe(session.baseTree);
    await site.write('a.txt', 'again\n');
    await this.expectTruth(poison, 'again');
    expect(existsSync(site.marker)).toBe(false);

    const output = await site.shell(poison.naive, poison.stalls ? STALL_MS : PATIENCE_MS);
    const stalled = () => output.endsWith(STALLED);
    const fired = poison.stalls ? stalled : (poison.fired ?? (() => existsSync(site.marker)));
    expect(fired(output) ? 'the control fired' : `the control did not fire: ${output}`).toBe(
      'the control fired',
    );
  }

  private async expectTruth(poison: Poison, text: string): Promise<void> {
    const { session, site } = this.planted.get(poison) ?? fail('check comes first');
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

  /** Whatever hangs fails soon. */
  private hurry(): void {
    this.fixture.limits.localMs = 10_000;
    this.fixture.limits.pipesEveryMs = 20;
  }
}

function fail(message: string): never {
  throw new Error(message);
}

/** Every poison by itself, then all of them after one restart. */
export function testPoisons(groups: Record<string, readonly Poison[]>): void {
  let world: PoisonWorld;
  beforeAll(async () => (world = await PoisonWorld.start()));
  afterAll(() => world.close());

  describe.each(Object.entries(groups))('%s', (_, poisons) => {
    test.each(poisons)('$name', (poison) => world.check(poison));
  });
  describe('after a restart, while the control fires', () => {
    beforeAll(() => world.restart());
    test.each(Object.values(groups).flat())('$name', (poison) => world.checkAgain(poison));
  });
}
