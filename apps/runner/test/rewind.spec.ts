import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ConversationCut, MAX_PACK_BYTES, PackedCommits } from '@saas-codex/contracts/runner-api';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const run = promisify(execFile);

/** The runner's part in rewinding, forking and shipping a session. */
describe('the runner', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create([{ name: 'answer', steps: [{ do: 'message', text: 'Yes.' }] }]);
    runner = await world.startRunner();
  });
  afterAll(() => world.destroy());

  const named = (runId: string, prompt: string) => ({
    runId,
    promptHash: createHash('sha256').update(prompt).digest('hex'),
  });

  /** Runs the prompt to its end. @returns the run, as a conversation may know it */
  async function prompt(threadId: string, text: string, on = runner) {
    const runId = await world.startRun(on, threadId, text);
    expect((await world.ended(runId)).at(-1)).toMatchObject({ type: 'run.succeeded' });
    return named(runId, text);
  }

  /** The prompts of which the model has been told in its last request. */
  const promptsTold = () => world.model.requests.at(-1)?.prompts;

  async function cut(
    threadId: string,
    without: object[],
    fromThread?: string,
    on = runner,
  ): Promise<ConversationCut> {
    const { status, body } = await on.call('POST', `/threads/${threadId}/conversations`, {
      without,
      ...(fromThread && { fromThread }),
    });
    expect({ status, body }).toMatchObject({ status: 200 });
    return ConversationCut.parse(body);
  }

  async function use(threadId: string, conversation: string | null): Promise<void> {
    const { status } = await runner.call('PUT', `/threads/${threadId}/conversation`, { conversation });
    expect(status).toBe(204);
  }

  describe('rewinding a conversation', () => {
    it('lets the model see only the turns before, and all of them again when it is taken back', async () => {
      const threadId = await world.createThread(runner);
      await prompt(threadId, 'One');
      const without = [await prompt(threadId, 'Two'), await prompt(threadId, 'Three')];
      const { conversation, previous } = await cut(threadId, without);
      await prompt(threadId, 'Still there');
      expect(promptsTold()).toEqual(['One', 'Two', 'Three', 'Still there']);
      await use(threadId, conversation);
      await prompt(threadId, 'Instead');
      expect(promptsTold()).toEqual(['One', 'Instead']);
      await use(threadId, previous);
      await prompt(threadId, 'Back');
      expect(promptsTold()).toEqual(['One', 'Two', 'Three', 'Still there', 'Back']);
    });

    it('can be done again when Codex has lost its index', async () => {
      const threadId = await world.createThread(runner);
      await prompt(threadId, 'One');
      const second = await prompt(threadId, 'Two');
      await use(threadId, (await cut(threadId, [await prompt(threadId, 'Three')])).conversation);
      const home = world.folder(threadId, 'codex-home');
      for (const name of await readdir(home)) if (/\.sqlite(-\w+)?$/.test(name)) await rm(join(home, name));
      await use(threadId, (await cut(threadId, [second])).conversation);
      await prompt(threadId, 'Instead');
      expect(promptsTold()).toEqual(['One', 'Instead']);
    });

    it('starts anew when no turn is left', async () => {
      const threadId = await world.createThread(runner);
      const without = [await prompt(threadId, 'One')];
      const { conversation } = await cut(threadId, without);
      expect(conversation).toBeNull();
      await use(threadId, null);
      await prompt(threadId, 'Anew');
      expect(promptsTold()).toEqual(['Anew']);
    });

    it('does not count a run without a turn, and keeps the conversation when none of the runs has one', async () => {
      const threadId = await world.createThread(runner);
      const first = await prompt(threadId, 'One');
      const never = named(threadId, 'Never');
      const kept = await cut(threadId, [never]);
      expect(kept.conversation).toBe(kept.previous);
      expect((await cut(threadId, [first, never])).conversation).toBeNull();
    });

    it('finds the turns of the SDK by their prompts, and refuses to guess', async () => {
      // Runners share their queue.
      await runner.end();
      const sdk = await world.startRunner({ ENGINE: 'sdk' });
      const threadId = await world.createThread(sdk);
      await prompt(threadId, 'Go on', sdk);
      const again = await prompt(threadId, 'Go on', sdk);
      const { conversation } = await cut(threadId, [again], undefined, sdk);
      const without = [named(threadId, 'Something else')];
      const refused = await sdk.call('POST', `/threads/${threadId}/conversations`, { without });
      expect(refused).toMatchObject({ status: 409, body: { code: 'turn_unknown' } });
      await sdk.end();
      runner = await world.startRunner();
      await use(threadId, conversation);
      await prompt(threadId, 'Two');
      expect(promptsTold()).toEqual(['Go on', 'Two']);
    });

    it('continues in another session of the organisation, and the first one does not notice', async () => {
      const [from, to] = [await world.createThread(runner), await world.createThread(runner)];
      await prompt(from, 'One');
      const without = [await prompt(from, 'Two')];
      await use(to, (await cut(to, without, from)).conversation);
      await prompt(to, 'Elsewhere');
      expect(promptsTold()).toEqual(['One', 'Elsewhere']);
      await prompt(from, 'Here');
      expect(promptsTold()).toEqual(['One', 'Two', 'Here']);
    });
  });

  describe('restoring files', () => {
    /** What is in the work tree, without the agent's git directory. */
    async function listing(folder: string): Promise<Record<string, string>> {
      const found: Record<string, string> = {};
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const name = path.slice(folder.length + 1);
        if (name.startsWith('.git/') || name === '.git' || entry.isDirectory()) continue;
        const mode = (await lstat(path)).mode & 0o100 ? 'x ' : '';
        found[name] = entry.isSymbolicLink()
          ? `-> ${await readlink(path)}`
          : mode + (await readFile(path, 'latin1'));
      }
      return found;
    }

    /** Records the work tree in the session's trusted history, as the backend does. */
    async function checkpoint(threadId: string): Promise<string> {
      const gitDir = world.folder(threadId, 'history.git');
      const repo = world.folder(threadId, 'repo');
      await run('git', ['init', '-q', '--bare', gitDir]);
      await mkdir(join(gitDir, 'info'), { recursive: true });
      await writeFile(join(gitDir, 'info', 'attributes'), '* -text -filter !eol\n');
      const git = (...args: string[]) =>
        run('git', [`--git-dir=${gitDir}`, `--work-tree=${repo}`, ...args], { cwd: repo });
      await git('add', '--all', '.');
      return (await git('write-tree')).stdout.trim();
    }

    const restore = (threadId: string, from: string, to: string, head: object | null = null) =>
      runner.call('PUT', `/threads/${threadId}/files`, { from, to, head });

    async function write(repo: string, files: Record<string, string>): Promise<void> {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(repo, name)), { recursive: true });
        await writeFile(join(repo, name), text, 'latin1');
      }
    }

    it('changes names, contents, modes, links and kinds of files, and keeps what no checkpoint holds', async () => {
      const threadId = await world.createThread(runner);
      const repo = world.folder(threadId, 'repo');
      await write(repo, {
        '.gitignore': 'node_modules/\n*.log\n',
        'same.txt': 'same',
        'edited.txt': 'before',
        binary: '\u0000\u0001\u00ff\r\n',
        'crlf.txt': 'a\r\nb\r\n',
        '.gitattributes': '*.txt text eol=lf\n* filter=evil\n',
        'deleted/deep/file': 'was here',
        'file-to-folder': 'a file',
        'folder-to-link/inside': 'inside',
        'run.sh': '#!/bin/sh\n',
        'node_modules/dep/index.js': 'installed',
      });
      await symlink('same.txt', join(repo, 'link'));
      const before = await listing(repo);
      const from = await checkpoint(threadId);
      const sameAt = (await stat(join(repo, 'same.txt'))).mtimeMs;
      await rm(join(repo, 'deleted'), { recursive: true });
      await rm(join(repo, 'file-to-folder'));
      await rm(join(repo, 'folder-to-link'), { recursive: true });
      await rm(join(repo, 'link'));
      await write(repo, {
        'edited.txt': 'after',
        binary: '\u0000\u0002',
        'crlf.txt': 'a\nb\n',
        link: 'no link any more',
        'file-to-folder/new': 'new',
        '.gitignore': '',
        'node_modules/dep/second.js': 'installed later',
        'debug.log': 'kept',
      });
      await symlink('deleted-not', join(repo, 'folder-to-link'));
      await chmod(join(repo, 'run.sh'), 0o755);
      const after = await listing(repo);
      const to = await checkpoint(threadId);
      expect(await restore(threadId, to, from)).toMatchObject({ status: 204 });
      expect(await listing(repo)).toEqual({
        ...before,
        'node_modules/dep/second.js': 'installed later',
        'debug.log': 'kept',
      });
      expect((await stat(join(repo, 'same.txt'))).mtimeMs).toBe(sameAt);
      // A call may be repeated, and taken back.
      expect(await restore(threadId, to, from)).toMatchObject({ status: 204 });
      expect(await restore(threadId, from, to)).toMatchObject({ status: 204 });
      expect(await listing(repo)).toEqual(after);
    });

    it('leaves contents where the same pointer of Git LFS stays, and writes the pointer where there is none', async () => {
      const threadId = await world.createThread(runner);
      const repo = world.folder(threadId, 'repo');
      const pointer = (digit: string) =>
        `version https://git-lfs.github.com/spec/v1\noid sha256:${digit.repeat(64)}\nsize 9\n`;
      const odd = 'odd\nname [*] "x".bin';
      await write(repo, {
        'same.bin': pointer('1'),
        [odd]: pointer('2'),
        'other.bin': pointer('3'),
        'gone.bin': pointer('4'),
        'large.txt': 'no pointer',
        'edited.txt': 'before',
      });
      const from = await checkpoint(threadId);
      await write(repo, { 'edited.txt': 'after', 'other.bin': pointer('5') });
      const to = await checkpoint(threadId);
      // No checkpoint holds these.
      await write(repo, {
        'same.bin': 'contents 1',
        [odd]: 'contents 2',
        'other.bin': 'contents 5',
        'large.txt': 'something larger',
      });
      await rm(join(repo, 'gone.bin'));
      const restored = {
        'same.bin': 'contents 1',
        [odd]: 'contents 2',
        'other.bin': pointer('3'),
        'gone.bin': pointer('4'),
        'large.txt': 'no pointer',
        'edited.txt': 'before',
      };
      expect(await restore(threadId, to, from)).toMatchObject({ status: 204 });
      expect(await listing(repo)).toEqual(restored);
      expect(await restore(threadId, from, to)).toMatchObject({ status: 204 });
      expect(await listing(repo)).toEqual({
        ...restored,
        'other.bin': pointer('5'),
        'edited.txt': 'after',
      });
    });

    it('never writes through a link, starts nothing of the repository, and opens locked folders', async () => {
      const threadId = await world.createThread(runner);
      const repo = world.folder(threadId, 'repo');
      const outside = world.folder(threadId, 'outside');
      await mkdir(outside);
      await write(repo, { 'folder/file': 'one', 'locked/file': 'one', a: 'one' });
      const from = await checkpoint(threadId);
      await write(repo, { 'folder/file': 'two', 'locked/file': 'two', a: 'two', 'locked/new': 'x' });
      const to = await checkpoint(threadId);
      // After the checkpoint, which a hostile agent can do nothing about.
      await rm(join(repo, 'folder'), { recursive: true });
      await symlink(outside, join(repo, 'folder'));
      await rm(join(repo, 'a'));
      await symlink(join(outside, 'written'), join(repo, 'a'));
      const planted = `touch ${join(repo, 'planted')}`;
      await run('git', ['config', 'core.fsmonitor', planted], { cwd: repo });
      await run('git', ['config', 'filter.evil.smudge', planted], { cwd: repo });
      await writeFile(join(repo, '.gitattributes'), '* filter=evil\n');
      await writeFile(join(repo, '.git/hooks/post-checkout'), `#!/bin/sh\n${planted}\n`, { mode: 0o755 });
      await writeFile(join(repo, '.git/hooks/reference-transaction'), `#!/bin/sh\n${planted}\n`, {
        mode: 0o755,
      });
      await chmod(join(repo, 'locked'), 0o500);
      const commit = { ref: 'refs/heads/main', commit: '1'.repeat(40) };
      expect(await restore(threadId, to, from, commit)).toMatchObject({ status: 204 });
      expect(await listing(repo)).toEqual({
        'folder/file': 'one',
        'locked/file': 'one',
        a: 'one',
        '.gitattributes': '* filter=evil\n',
      });
      expect(await readdir(outside)).toEqual([]);
    });

    it("puts the agent's own branch and index back to where they were", async () => {
      const threadId = await world.createThread(runner);
      const repo = world.folder(threadId, 'repo');
      const git = async (...args: string[]) =>
        (
          await run('git', ['-c', 'user.name=A', '-c', 'user.email=a@b', ...args], { cwd: repo })
        ).stdout.trim();
      await write(repo, { a: 'one' });
      await git('checkout', '-q', '-b', 'work');
      await git('add', '.');
      await git('commit', '-qm', 'One');
      const commit = await git('rev-parse', 'HEAD');
      const from = await checkpoint(threadId);
      await write(repo, { a: 'two', b: 'new' });
      await git('checkout', '-q', '-b', 'other');
      await git('add', '.');
      await git('commit', '-qm', 'Two');
      const to = await checkpoint(threadId);
      const head = { ref: 'refs/heads/work', commit };
      expect(await restore(threadId, to, from, head)).toMatchObject({ status: 204 });
      expect(await git('status', '--porcelain', '--branch')).toBe('## work');
      expect(await git('log', '--format=%s')).toBe('One');
      // What it has committed is not lost.
      expect(await git('log', '--format=%s', 'other')).toBe('Two\nOne');
    });

    it('refuses a tree that the session never had', async () => {
      const threadId = await world.createThread(runner);
      const repo = world.folder(threadId, 'repo');
      await write(repo, { a: 'one' });
      const now = await checkpoint(threadId);
      const refused = await restore(threadId, now, '2'.repeat(40));
      expect(refused).toMatchObject({ status: 409, body: { code: 'restore_failed' } });
      expect(await listing(repo)).toEqual({ a: 'one' });
    });
  });

  describe('packing commits', () => {
    const identity = ['-c', 'user.name=A', '-c', 'user.email=a@b'];
    const inRepo = async (repo: string, ...args: string[]) =>
      (await run('git', [...identity, ...args], { cwd: repo })).stdout.trim();

    async function commit(repo: string, name: string, text: string | Buffer): Promise<string> {
      await writeFile(join(repo, name), text);
      await inRepo(repo, 'add', '.');
      await inRepo(repo, 'commit', '-qm', name);
      return inRepo(repo, 'rev-parse', 'HEAD');
    }

    const pack = (threadId: string, head: string, without: string[] = []) =>
      runner.call('POST', `/threads/${threadId}/pack`, { head, without });

    /** Ids of the objects in a pack. */
    async function objectsIn(body: unknown): Promise<string[]> {
      const bare = await mkdtemp(join(tmpdir(), 'saas-codex-pack-'));
      try {
        await inRepo(bare, 'init', '-q', '--bare');
        const file = join(bare, 'pack');
        await writeFile(file, Buffer.from(PackedCommits.parse(body).pack ?? '', 'base64'));
        await run('sh', ['-c', `git index-pack --stdin < ${file}`], { cwd: bare });
        const listed = await inRepo(bare, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)');
        return listed.split('\n');
      } finally {
        await rm(bare, { recursive: true });
      }
    }

    it('packs what leads to a commit, whatever the agent has made of its own repository', async () => {
      const threadId = await world.createThread(runner);
      const repo = world.folder(threadId, 'repo');
      const [base, head, lie] = [
        await commit(repo, 'base', '1'),
        await commit(repo, 'true', 'true'),
        await commit(repo, 'false', 'false'),
      ];
      const expected = (await inRepo(repo, 'rev-parse', head, `${head}^{tree}`, `${head}:true`)).split('\n');
      await inRepo(repo, 'replace', head, lie);
      await mkdir(join(repo, '.git', 'info'), { recursive: true });
      await writeFile(join(repo, '.git', 'info', 'grafts'), `${head}\n`);
      const planted = join(repo, 'planted');
      await writeFile(
        join(repo, '.git', 'config'),
        `[core]\n fsmonitor = touch ${planted}\n[uploadpack]\n packObjectsHook = touch ${planted}\n[core]\n compression = 99\n`,
      );
      const { status, body } = await pack(threadId, head, [base, '1'.repeat(40)]);
      expect(status).toBe(200);
      expect(await objectsIn(body)).toEqual(expected.toSorted());
      expect(await readdir(repo)).not.toContain('planted');
      expect(await pack(threadId, '1'.repeat(40))).toMatchObject({ status: 200, body: { pack: null } });
    });

    it('reads nothing of another session, whatever the objects of the agent lead to', async () => {
      const [threadId, other] = [await world.createThread(runner), await world.createThread(runner)];
      const [repo, theirs] = [world.folder(threadId, 'repo'), world.folder(other, 'repo')];
      await commit(repo, 'mine', '1');
      const secret = await commit(theirs, 'secret', '2');
      await mkdir(join(repo, '.git', 'objects', 'info'), { recursive: true });
      await writeFile(
        join(repo, '.git', 'objects', 'info', 'alternates'),
        `${join(theirs, '.git', 'objects')}\n`,
      );
      // Outside of a jail, git finds it.
      expect(await inRepo(repo, 'cat-file', '-t', secret)).toBe('commit');
      expect(await pack(threadId, secret)).toMatchObject({ status: 200, body: { pack: null } });
      await rm(join(repo, '.git', 'objects'), { recursive: true });
      await symlink(join(theirs, '.git', 'objects'), join(repo, '.git', 'objects'));
      expect(await pack(threadId, secret)).toMatchObject({ status: 200, body: { pack: null } });
    });

    it('refuses more than fits', async () => {
      const threadId = await world.createThread(runner);
      const head = await commit(world.folder(threadId, 'repo'), 'large', randomBytes(MAX_PACK_BYTES + 1));
      expect(await pack(threadId, head)).toMatchObject({
        status: 409,
        body: { code: 'agent_commits_refused', detail: expect.stringContaining('16 MB') },
      });
    });
  });
});
