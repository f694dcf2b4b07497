import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diff, DiffFile, FilePatch } from '@saas-codex/contracts/diffs';
import type { Run } from '@saas-codex/contracts/runs';
import {
  HISTORY_FILES,
  look,
  playHistory,
  repoOf,
  treeOf,
} from '@saas-codex/testing/backend/generated-histories';
import { createPerson } from '@saas-codex/testing/backend/people';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

const LINES = Array.from({ length: 30 }, (_, n) => `line ${n + 1}\n`).join('');

let world: SessionsWorld;
let repoUrl: string;

beforeAll(async () => {
  world = await SessionsWorld.create();
  repoUrl = await world.git.createRepository('hello', { ...HISTORY_FILES, lines: LINES });
  await world.startRunner();
});
afterAll(() => world.destroy());

const at = (id: string, path: string) => `/api/sessions/${id}/${path}`;
const revert = (id: string, body: object, headers = {}) =>
  world.call<Run>('POST', at(id, 'reverts'), body, headers);
const applyPatch = (id: string, patch: string) => world.call<Run>('POST', at(id, 'patches'), { patch });
const write = (id: string, body: object) => world.call<Run>('PUT', at(id, 'files'), body);
const diff = async (id: string, query = '') => (await world.call<Diff>('GET', at(id, `diff${query}`))).body;
const read = (id: string, path: string) => readFile(join(repoOf(world, id), path), 'utf8');
const tree = (id: string) => treeOf(repoOf(world, id));
const start = async () => (await world.create({ repo_url: repoUrl })).body.session_id;

/** Has a run change the files: a setup script needs no Codex. It goes on when this returns. */
async function begin(id: string, script: string): Promise<Run> {
  await world.call('PATCH', `/api/sessions/${id}`, { setup: { script } });
  return (await world.call<Run>('POST', at(id, 'setup'))).body;
}
const change = async (id: string, script: string): Promise<Run> =>
  world.runIs((await begin(id, script)).run_id, 'succeeded');

/** Waits until the edit has been made. */
async function done(answer: { status: number; body: Run & { detail?: string } }): Promise<Run> {
  expect([answer.status, answer.body.detail]).toEqual([202, undefined]);
  expect(answer.body).toMatchObject({ kind: 'edit' });
  return world.runIs(answer.body.run_id, 'succeeded');
}

/** Files in which the work tree differs from a tree, besides those that were ignored there. */
async function differences(id: string, from: string): Promise<string[]> {
  const { files } = await diff(id, `?from=${from}`);
  return files.map(({ path }) => path).filter((path) => !path.endsWith('.tmp'));
}

/** Keeps whatever restores this session's files waiting, as `restore.sh` does. */
async function holdFiles(id: string): Promise<() => Promise<void>> {
  const holder = spawn('bash', ['-c', 'exec 9<"$0"; flock 9; echo held; read -r _', repoOf(world, id)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return async () => {
    const ended = once(holder, 'exit');
    holder.stdin.end();
    await ended;
  };
}

describe('taking changes back', () => {
  test('of generated histories: a run, everything, file by file, and what was taken back comes again', async () => {
    for (const seed of [3]) {
      const { sessionId: id, runs, seen } = await playHistory(world, repoUrl, seed);
      const last = runs.at(-1) as Run;
      const { from: base, to: after } = await diff(id);
      const { from: before } = await diff(id, `?from=${last.run_id}&to=${last.run_id}`);
      const head = (await look(world, id)).head;

      const isChange = before !== after;
      if (isChange) {
        const undone = await done(await revert(id, { scope: 'run', run_id: last.run_id }));
        expect([seed, await differences(id, before)]).toEqual([seed, []]);
        await done(await revert(id, { scope: 'run', run_id: undone.run_id }));
        expect([seed, await tree(id)]).toEqual([seed, seen.at(-1)?.tree]);
      }
      if (base === after) continue;
      const all = await done(await revert(id, { scope: 'all', to: after }));
      expect([seed, await differences(id, base)]).toEqual([seed, []]);
      await done(await revert(id, { scope: 'run', run_id: all.run_id }));
      expect([seed, await tree(id)]).toEqual([seed, seen.at(-1)?.tree]);

      const isIn = ({ path }: DiffFile, files: DiffFile[]) =>
        files.some((other) => other.path.startsWith(`${path}/`) || path.startsWith(`${other.path}/`));
      for (;;) {
        const { files, from, to } = await diff(id);
        // A file cannot come back while a folder has its name, so that goes first.
        const next =
          files.find((file) => file.status === 'added' && !file.path.endsWith('.tmp')) ??
          files.find((file) => !file.path.endsWith('.tmp') && !isIn(file, files));
        if (!next) break;
        await done(await revert(id, { scope: 'file', from, to, path: next.path }));
      }
      expect([seed, await differences(id, base)]).toEqual([seed, []]);
      expect((await look(world, id)).head).toBe(head);
    }
  });

  test('only the lines that were named, whatever has happened elsewhere since', async () => {
    const id = await start();
    await change(
      id,
      `sed -i -e 's/^line 3$/three/' -e 's/^line 15$/fifteen/' -e '$d' lines; printf 'no end' >> lines`,
    );
    const { from, to } = await diff(id);
    const shown = await world.call<FilePatch>('GET', at(id, `diff/file?path=lines&from=${from}&to=${to}`));
    expect(shown.body.patch.match(/^@@ .*?@@/gm)).toEqual([
      '@@ -1,6 +1,6 @@',
      '@@ -12,7 +12,7 @@',
      '@@ -27,4 +27,4 @@',
    ]);
    await change(id, `sed -i '1i first' lines`);
    const hunk = (start: number, lines: number) => ({
      old_start: start,
      old_lines: lines,
      new_start: start,
      new_lines: lines,
    });
    const part = { scope: 'hunk', from, to, path: 'lines' };
    const edit = await done(await revert(id, { ...part, hunks: [hunk(12, 7), hunk(27, 4)] }));
    expect(await read(id, 'lines')).toBe(`first\n${LINES.replace('line 3\n', 'three\n')}`);
    expect(edit).toMatchObject({ prompt: 'Revert a part of “lines”', created_by: { kind: 'api_key' } });
    expect(await revert(id, { ...part, hunks: [hunk(12, 7)] })).toMatchObject({
      status: 409,
      body: { code: 'nothing_to_change' },
    });
    expect(await revert(id, { ...part, hunks: [hunk(20, 3)] })).toMatchObject({
      status: 404,
      body: { code: 'hunk_not_found' },
    });
    expect(await revert(id, { scope: 'file', path: 'README.md' })).toMatchObject({ status: 404 });
  });

  test('is refused, and changes nothing, where the same lines were changed since', async () => {
    const id = await start();
    const first = await change(
      id,
      `sed -i -e 's/^line 3$/three/' -e 's/^line 20$/twenty/' lines; echo 1 > one`,
    );
    await change(id, `sed -i 's/^three$/THREE/' lines; rm one; mkdir one; echo x > one/x`);
    const before = await tree(id);
    expect(await revert(id, { scope: 'run', run_id: first.run_id })).toMatchObject({
      status: 422,
      body: {
        code: 'edit_conflict',
        conflicts: expect.arrayContaining([{ path: 'lines', hunks: [{ start: 3, lines: 1 }] }]),
      },
    });
    expect(await tree(id)).toBe(before);
    expect((await world.runs(id)).map(({ kind }) => kind)).toEqual(['setup', 'setup']);
  });

  test('waits for the run that works, and fails with the same words if that run has changed the lines', async () => {
    const id = await start();
    const first = await change(id, `sed -i 's/^line 3$/three/' lines`);
    await world.runIs((await world.prompt(id, 'Note first')).run_id, 'succeeded');
    const second = await begin(
      id,
      `sed -i 's/^three$/THREE/' lines; echo 2 > two; until [ -e go ]; do sleep 0.1; done; rm go`,
    );
    await world.runIs(second.run_id, 'running');
    const held = await world.prompt(id, 'Note later');
    const answers: Run[] = [];
    // Accepted or refused: that depends on whether the run has changed the lines already.
    const early = await revert(id, { scope: 'run', run_id: first.run_id });
    if (early.status === 202) answers.push(early.body);
    const edited = await write(id, { path: 'three', content: 'by hand\n', tree: (await diff(id)).from });
    await writeFile(join(repoOf(world, id), 'go'), '');
    await world.runIs(second.run_id, 'succeeded');
    for (const { run_id } of answers)
      expect(await world.runIs(run_id, 'failed')).toMatchObject({
        error: expect.stringContaining('“lines” at line 3'),
      });
    await done(edited);
    await world.runIs(held.run_id, 'succeeded');
    // It overtook the prompt that waited, which was told of it.
    expect(world.model.requests.at(-1)?.context.join('\n')).toMatch(/Edit “three”\. Files: "three"/);
    expect(world.model.requests.at(-1)?.prompts.at(-1)).toBe('Note later');
    expect((await world.runs(id)).find(({ run_id }) => run_id === held.run_id)?.prompt).toBe('Note later');
    expect(await read(id, 'lines')).toContain('THREE');
  });
});

describe('a patch', () => {
  test('brings back what its download says: text, binary files, modes, links and renames', async () => {
    const id = await start();
    await change(
      id,
      'mv lines moved; chmod +x moved; head -c 999 /dev/urandom > data; ln -s /etc/passwd link; printf "a\\r\\nb" > crlf; rm src/one.js',
    );
    const after = await tree(id);
    const mail = await world.backend.fetch(at(id, 'patch'));
    const patch = await mail.text();
    await done(await revert(id, { scope: 'all' }));
    expect((await diff(id)).files).toEqual([]);
    expect(await done(await applyPatch(id, patch))).toMatchObject({ prompt: 'Apply a patch to 5 files' });
    expect(await tree(id)).toBe(after);
  });

  test('is merged three-way, or refused with the hunks that do not fit', async () => {
    const id = await start();
    await change(id, `sed -i -e 's/^line 3$/three/' -e 's/^line 20$/twenty/' lines`);
    const patch = await (await world.backend.fetch(at(id, 'patch?format=diff'))).text();
    await done(await revert(id, { scope: 'all' }));
    await change(id, `sed -i -e '5,12d' -e 's/^line 20$/XX/' lines`);
    const before = await tree(id);
    const refused = {
      status: 422,
      body: { code: 'edit_conflict', conflicts: [{ path: 'lines', hunks: [{ start: 20, lines: 1 }] }] },
    };
    expect(await applyPatch(id, patch)).toMatchObject(refused);
    expect(await applyPatch(id, patch.replace(/^index .*\n/m, ''))).toMatchObject({
      status: 422,
      body: { code: 'edit_conflict' },
    });
    for (const text of [
      'Hello\n',
      patch.replace('@@ -1,6', '@@ -1,9'),
      patch.replaceAll('lines', '.git/config'),
      patch.replaceAll('/lines', '/../../x'),
    ])
      expect(await applyPatch(id, text)).toMatchObject({
        status: 422,
        body: { code: expect.stringMatching(/patch_invalid|edit_conflict/) },
      });
    expect(await tree(id)).toBe(before);
    await change(id, `sed -i 's/^XX$/line 20/' lines`);
    await done(await applyPatch(id, patch));
    expect(await read(id, 'lines')).toMatch(/^three$[^]*^twenty$/m);
  });
});

describe('a file written by hand', () => {
  test('keeps its mode, merges with other lines, and is refused for a link, a bad path or the same lines', async () => {
    const id = await start();
    await change(id, 'chmod +x lines; ln -s lines link; mkfifo pipe');
    const { to: tree1 } = await diff(id);
    await change(id, `sed -i 's/^line 20$/twenty/' lines`);
    const file = { path: 'lines', tree: tree1 };
    await done(await write(id, { ...file, content: `by hand\n${LINES}` }));
    expect(await read(id, 'lines')).toBe(`by hand\n${LINES.replace('line 20\n', 'twenty\n')}`);
    expect((await lstat(join(repoOf(world, id), 'lines'))).mode & 0o111).not.toBe(0);
    expect(await write(id, { ...file, content: LINES.replace('line 20\n', 'zwanzig\n') })).toMatchObject({
      status: 422,
      body: { code: 'edit_conflict' },
    });
    for (const path of ['link', 'src', '.git/hooks/x', '../x', 'src//x', '"x'])
      expect([path, (await write(id, { path, content: 'x', tree: tree1 })).status]).toEqual([path, 400]);
    await done(await write(id, { path: 'new/deep', content: 'x', tree: tree1 }));
    await done(await write(id, { path: 'new/deep', content: null, tree: (await diff(id)).to }));
    expect((await diff(id)).files.map(({ path }) => path)).not.toContain('new/deep');
    await done(await write(id, { path: 'pipe', content: 'no pipe\n', tree: tree1 }));
  });

  test('never replaces a file that is ignored, nor writes through a link that the agent has put there', async () => {
    const id = await start();
    await change(
      id,
      `echo secret > app.log; printf '* filter=evil\\n' > .gitattributes; git config filter.evil.smudge 'touch ../ran' || true`,
    );
    const { to } = await diff(id);
    const refused = await write(id, { path: 'app.log', content: 'x', tree: to });
    expect(await world.runIs(refused.body.run_id, 'failed')).toMatchObject({
      error: expect.stringContaining('ignored file'),
    });
    expect(await read(id, 'app.log')).toBe('secret\n');
    await change(id, `rm -rf src; ln -s /tmp src`);
    const after = await diff(id);
    expect((await write(id, { path: 'src/one.js', content: 'x', tree: after.to })).status).toBe(400);
    await done(await write(id, { path: 'a', content: 'plain\n', tree: after.to }));
    expect(await read(id, 'a')).toBe('plain\n');
    expect(await diff(id, `?from=${after.to}`)).toMatchObject({ files: [{ path: 'a' }] });
  });

  test('never removes a file that has taken the place of a folder, nor a folder that has taken that of a file', async () => {
    const id = await start();
    await change(id, `rm -rf src README.md; echo new > src; mkdir README.md; echo kept > README.md/kept`);
    const { files } = await diff(id);
    const removed = files.filter(({ status }) => status === 'deleted').map(({ path }) => path);
    expect(removed).toEqual(expect.arrayContaining(['README.md', 'src/one.js']));
    for (const [path, inTheWay] of [
      ['README.md', 'README.md/kept'],
      ['src/one.js', 'src'],
    ])
      expect(await revert(id, { scope: 'file', path })).toMatchObject({
        status: 422,
        body: { code: 'edit_conflict', conflicts: [{ path: inTheWay, hunks: [] }] },
      });
    await done(await revert(id, { scope: 'all' }));
    expect((await diff(id)).files).toEqual([]);
  });
});

describe('an edit', () => {
  test('is made once for the same key, and survives the end of backend and runner before it is made', async () => {
    const id = await start();
    await change(id, 'echo 1 > one; echo 2 > two');
    await world.endRunner();
    const key = { 'idempotency-key': 'revert-once' };
    const first = await revert(id, { scope: 'all' }, key);
    expect((await revert(id, { scope: 'all' }, key)).body.run_id).toBe(first.body.run_id);
    const second = await world.startBackend();
    await world.closeBackend(world.backend);
    world.backend = second;
    await world.startRunner();
    await world.runIs(first.body.run_id, 'succeeded');
    expect((await diff(id)).files).toEqual([]);
    expect((await world.runs(id)).filter(({ kind }) => kind === 'edit')).toHaveLength(1);
  });

  test.each(['a runner that dies', 'a cancel'])(
    'that is cut off by %s leaves the files as they were',
    async (cause) => {
      const id = await start();
      await change(id, 'echo 1 > one; echo 2 > two');
      const before = await tree(id);
      const release = await holdFiles(id);
      const { body: edit } = await revert(id, { scope: 'all' });
      await world.runIs(edit.run_id, 'running');
      // As if it had come half way.
      await writeFile(join(repoOf(world, id), 'one'), 'half');
      if (cause === 'a cancel') {
        await world.call('POST', `/api/runs/${edit.run_id}/cancel`);
        await release();
      } else {
        await world.endRunner();
        await release();
        await world.startRunner();
      }
      await world.runIs(edit.run_id, 'cancelled', 'interrupted');
      expect(await tree(id)).toBe(before);
      await done(await revert(id, { scope: 'all' }));
      expect((await diff(id)).files).toEqual([]);
    },
  );

  test('is for those who may send prompts in the session', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl, visibility: 'private' })).body;
    const { run_id } = await change(id, 'echo 1 > one');
    const me = await world.call<{ tenant: { tenant_id: string } }>('GET', '/api/me');
    const member = await createPerson(world.backend, me.body.tenant.tenant_id, 'member');
    const { to } = await diff(id);
    const requests: [string, string, object][] = [
      ['POST', 'reverts', { scope: 'run', run_id }],
      ['POST', 'patches', { patch: 'diff' }],
      ['PUT', 'files', { path: 'one', content: '', tree: to }],
    ];
    for (const [method, path, body] of requests) {
      const headers = { ...member.key, 'content-type': 'application/json' };
      const url = `${world.backend.url}${at(id, path)}`;
      expect((await fetch(url, { method, headers, body: JSON.stringify(body) })).status).toBe(404);
    }
    const other = await start();
    expect(await revert(other, { scope: 'run', run_id })).toMatchObject({ status: 404 });
    expect(await write(other, { path: 'one', content: '', tree: to })).toMatchObject({
      status: 404,
      body: { code: 'tree_not_found' },
    });
  });
});
