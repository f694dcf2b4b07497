import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { DeclaredCheck } from '@saas-codex/contracts/declared-checks';
import type { RunEvent } from '@saas-codex/contracts/events';
import { CommandExecutionItem } from '@saas-codex/contracts/items';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { outputOf } from '@saas-codex/testing/runner/setup-scripts';
import { waitFor } from '@saas-codex/testing/wait-for';

const run = promisify(execFile);
const SCENARIOS = [{ name: 'any', steps: [{ do: 'message' as const, text: 'Done.' }] }];
const JAILED = { ISOLATION: 'bubblewrap' };
/** Everything below a folder, with modes, targets and contents. */
const WITHOUT_GIT = `-not -path ./.git -not -path './.git/*'`;
const LISTING = `export LC_ALL=C; find . -mindepth 1 ${WITHOUT_GIT} -printf '%P %y %m %l\\n' | sort; find . ${WITHOUT_GIT} -type f | sort | xargs sha256sum`;

let world: RunnerWorld;
let runner: RunnerProcess;
/** A runner that was killed while a check was running, and another one in its place. */
let killed: { world: RunnerWorld; runId: string };
const worlds: RunnerWorld[] = [];

async function newWorld(): Promise<RunnerWorld> {
  const created = await RunnerWorld.create(SCENARIOS);
  worlds.push(created);
  return created;
}

/** A session with files, recorded in its trusted history as the backend does. */
async function session(files: Record<string, string>, of = world, on = runner) {
  const threadId = await of.createThread(on);
  const repo = of.folder(threadId, 'repo');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(repo, name)), { recursive: true });
    await writeFile(join(repo, name), text, 'latin1');
  }
  return { threadId, repo, tree: () => checkpoint(of, threadId) };
}

async function checkpoint(of: RunnerWorld, threadId: string): Promise<string> {
  const [gitDir, repo] = [of.folder(threadId, 'history.git'), of.folder(threadId, 'repo')];
  await run('git', ['init', '-q', '--bare', gitDir]);
  await mkdir(join(gitDir, 'info'), { recursive: true });
  await writeFile(join(gitDir, 'info', 'attributes'), '* -text -filter !eol\n');
  const git = (...args: string[]) =>
    run('git', [`--git-dir=${gitDir}`, `--work-tree=${repo}`, ...args], { cwd: repo });
  await git('add', '--all', '.');
  return (await git('write-tree')).stdout.trim();
}

const check = (name: string, command: string): DeclaredCheck => ({
  name,
  run: command,
  timeout_minutes: 10,
});

async function start(threadId: string, tree: string, checks: DeclaredCheck[], on = runner): Promise<string> {
  const input = { kind: 'check', tree, checks };
  const { status, body } = await on.call('POST', '/runs', { threadId, input });
  expect({ status, body }).toMatchObject({ status: 202 });
  return String(body['runId']);
}

const items = (events: RunEvent[]) =>
  dataOf(events, 'item.completed').map(({ item }) => CommandExecutionItem.parse(item));

async function outputs(threadId: string, tree: string, ...commands: string[]): Promise<string[]> {
  const checks = commands.map((command, index) => check(`Check ${index}`, command));
  const events = await world.ended(await start(threadId, tree, checks));
  expect(events.at(-1)).toMatchObject({ type: 'run.succeeded' });
  return items(events).map(({ aggregated_output: output }) => output);
}

// The lease of a killed runner passes while the other cases are checked.
beforeAll(async () => {
  const of = await newWorld();
  const lost = await of.startRunner(JAILED);
  const { threadId, tree } = await session({ a: 'a' }, of, lost);
  const checks = [check('One', 'echo begun; sleep 1000'), check('Two', 'true')];
  const runId = await start(threadId, await tree(), checks, lost);
  await waitFor(async () => outputOf(await of.log(runId)).includes('begun'));
  await lost.end('SIGKILL');
  await waitFor(async () => (await processesWith(runId)).length === 0);
  await of.startRunner(JAILED);
  killed = { world: of, runId };
  world = await newWorld();
  runner = await world.startRunner(JAILED);
});
afterAll(() => Promise.all(worlds.map((each) => each.destroy())));

describe('checks', () => {
  it('see exactly the tree, and nothing that an agent has left', async () => {
    const files = {
      '.gitignore': 'ignored\n',
      '.gitattributes': '* text eol=lf filter=evil\n',
      'crlf.txt': 'a\r\nb\r\n',
      binary: '\u0000\u0001\u00ff',
      'deep/folder/file': 'x',
      'test.sh': 'echo tested\n',
    };
    const { threadId, repo, tree } = await session(files);
    await symlink('../outside', join(repo, 'link'));
    await chmod(join(repo, 'test.sh'), 0o755);
    const { stdout: expected } = await run('sh', ['-c', LISTING], { cwd: repo });
    const checked = await tree();
    // What an agent may plant after, or where no checkpoint looks.
    await writeFile(join(repo, 'test.sh'), 'echo forged\n');
    await writeFile(join(repo, 'ignored'), 'left');
    await writeFile(join(repo, 'untracked'), 'left');
    const hook = `#!/bin/sh\ntouch ${join(repo, 'planted')}\n`;
    await writeFile(join(repo, '.git/hooks/post-checkout'), hook, { mode: 0o755 });
    await run('git', ['config', 'filter.evil.smudge', `touch ${join(repo, 'planted')}`], { cwd: repo });
    for (const layer of ['setup', 'agent']) {
      await mkdir(world.folder(threadId, 'homes', layer, 'bin'), { recursive: true });
      await writeFile(world.folder(threadId, 'homes', layer, '.profile'), 'echo planted; exit 0\n');
      await writeFile(world.folder(threadId, 'homes', layer, 'bin', 'cat'), '#!/bin/sh\n', { mode: 0o755 });
    }
    const [listing, home, git, reach, again] = await outputs(
      threadId,
      checked,
      LISTING,
      'ls -A ~; pwd > made; mkdir locked; touch locked/in; chmod 000 locked; touch ~/left',
      'git rev-parse --git-dir 2>&1 || echo no git',
      `ls -A ../..; cat ${repo}/test.sh ${world.folder(threadId, 'history.git', 'HEAD')} 2>/dev/null || echo not there`,
      './test.sh; ls -A ~ | wc -l; [ ! -e made ]',
    );
    expect(listing).toBe(expected);
    expect(home).toBe('');
    expect(git).toContain('no git');
    expect(reach).toContain('not there');
    expect(reach).not.toContain('forged');
    expect(again).toBe('tested\n0\n');
    expect(await readdir(repo)).toContain('ignored');
    expect(await readdir(repo)).not.toContain('planted');
    expect(await world.exists(threadId, 'checks')).toBe(false);
  });

  it('all run, each with its exit code, and what one leaves behind ends with it', async () => {
    const { threadId, tree } = await session({ a: 'a' });
    const runId = await start(threadId, await tree(), [
      check('Lint', 'echo bad >&2\nexit 3'),
      check('Test', '(setsid sleep 1000 &); nohup sleep 1000 & echo good'),
      check('Pipe', 'cat none | cat'),
    ]);
    const events = await world.ended(runId);
    expect(dataOf(events, 'run.started')[0]).toMatchObject({
      kind: 'check',
      prompt: 'Run the checks: Lint, Test, Pipe',
      model: null,
    });
    expect(items(events)).toMatchObject([
      { id: 'check-1', command: 'echo bad >&2\nexit 3', aggregated_output: 'bad\n', exit_code: 3 },
      { id: 'check-2', aggregated_output: 'good\n', exit_code: 0, status: 'completed' },
      { id: 'check-3', exit_code: 1, status: 'failed' },
    ]);
    expect(dataOf(events, 'run.failed')).toEqual([
      { reason: '“Lint” failed with exit code 3. “Pipe” failed with exit code 1.' },
    ]);
    expect(await processesWith(runId)).toEqual([]);
  });

  it('cannot make themselves pass by what they print or kill', async () => {
    const { threadId, tree } = await session({ a: 'a' });
    const forged = JSON.stringify({ type: 'item.completed', item: { id: 'check-1', exit_code: 0 } });
    const runId = await start(threadId, await tree(), [
      check('Forge', `echo '${forged}'; kill -9 1; kill -9 $$`),
    ]);
    const events = await world.ended(runId);
    expect(events.at(-1)?.type).toBe('run.failed');
    expect(items(events)).toHaveLength(1);
    expect(items(events)[0]?.exit_code).not.toBe(0);
  });

  it('leave nothing when they are cancelled', async () => {
    const { threadId, tree } = await session({ a: 'a' });
    const runId = await start(threadId, await tree(), [
      check('Long', 'trap "" TERM INT; echo begun; sleep 1000'),
      check('Next', 'true'),
    ]);
    await waitFor(async () => outputOf(await world.log(runId)).includes('begun'));
    await runner.call('POST', `/runs/${runId}/cancel`);
    const events = await world.ended(runId);
    expect(events.at(-1)).toMatchObject({
      type: 'run.cancelled',
      data: { reason: 'The run of the checks was cancelled. Nothing is proven.' },
    });
    expect(items(events)).toHaveLength(1);
    expect(await processesWith(runId)).toEqual([]);
    await waitFor(async () => !(await world.exists(threadId, 'checks')));
  });

  it('fail when the tree is not there', async () => {
    const { threadId } = await session({ a: 'a' });
    await checkpoint(world, threadId);
    const events = await world.ended(await start(threadId, '2'.repeat(40), [check('Any', 'true')]));
    expect(events.at(-1)).toMatchObject({ type: 'run.failed' });
    expect(items(events)).toEqual([]);
  });

  it('are interrupted, and not passed, when their runner is killed', async () => {
    const events = await killed.world.ended(killed.runId);
    expect(events.at(-1)).toMatchObject({
      type: 'run.interrupted',
      data: { reason: 'The runner working on this was lost. Nothing is proven. Run the checks again.' },
    });
    expect(items(events).some(({ exit_code: code }) => code === 0)).toBe(false);
  });

  it('are refused where there is no jail', async () => {
    const of = await newWorld();
    const bare = await of.startRunner({ ISOLATION: 'none' });
    const { threadId, tree } = await session({ a: 'a' }, of, bare);
    const events = await of.ended(await start(threadId, await tree(), [check('Any', 'true')], bare));
    expect(events.at(-1)).toMatchObject({
      type: 'run.failed',
      data: { reason: expect.stringContaining('ISOLATION=bubblewrap') as string },
    });
  });
});
