import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  generatedHistoriesComeBack,
  HISTORY_FILES,
  look,
  repoOf,
  runCommand,
} from '@saas-codex/testing/backend/generated-histories';
import { createPerson } from '@saas-codex/testing/backend/people';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { waitFor } from '@saas-codex/testing/wait-for';

let world: SessionsWorld;
let repoUrl: string;

beforeAll(async () => {
  world = await SessionsWorld.create();
  repoUrl = await world.git.createRepository('hello', HISTORY_FILES);
  await world.startRunner();
});
afterAll(() => world.destroy());

const rewind = (sessionId: string, run_id: string, headers = {}) =>
  world.call<Session>('POST', `/api/sessions/${sessionId}/rewind`, { run_id }, headers);
const undo = (sessionId: string) => world.call<Session>('POST', `/api/sessions/${sessionId}/rewind/undo`);
const fork = (sessionId: string, body: object) =>
  world.call<Session>('POST', `/api/sessions/${sessionId}/fork`, body);
const promptsTold = () => world.model.requests.at(-1)?.prompts;

describe('a session that went back to before a run', () => {
  test('generated histories come back exactly, files and conversation', () =>
    generatedHistoriesComeBack(world, repoUrl, [1, 2]));

  test('it says so, its later runs do not count, and the next run ends the time for undoing', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    await runCommand(world, id, 'echo 1 > one');
    const second = await runCommand(world, id, 'echo 2 > two; mkdir node_modules; echo x > node_modules/x');
    const preview = await world.call<Diff>('GET', `/api/sessions/${id}/diff?from=${second.run_id}`);
    expect(preview.body.files.map(({ path }) => path)).toEqual(['two']);
    const waits = await world.prompt(id, 'Hold on');
    await world.runIs(waits.run_id, 'running');
    expect(await rewind(id, second.run_id)).toMatchObject({ status: 409, body: { code: 'session_busy' } });
    const next = await world.prompt(id, 'Note later');
    await world.call('POST', `/api/runs/${waits.run_id}/cancel`);
    await world.runIs(waits.run_id, 'cancelled');
    const gone = await rewind(id, second.run_id);
    expect(gone).toMatchObject({
      status: 202,
      body: {
        rewind: { run_id: second.run_id, status: 'rewound', failure: null, by: { kind: 'api_key' } },
        diff: { files: 1 },
        queued_runs: 1,
        queue_held: true,
      },
    });
    const runs = await world.runs(id);
    expect(runs.map(({ rewound_at: at }) => Boolean(at))).toEqual([false, true, true, false]);
    expect(await readFile(join(repoOf(world, id), 'node_modules/x'), 'utf8')).toBe('x\n');
    expect(await rewind(id, second.run_id)).toMatchObject({ status: 409, body: { code: 'not_rewindable' } });
    const activities = await world.activity(id);
    const statuses = activities.flatMap((one) =>
      one.type === 'session.updated' ? (one.session.rewind?.status ?? []) : [],
    );
    expect(new Set(statuses)).toEqual(new Set(['rewinding', 'rewound']));
    await world.call('PATCH', `/api/sessions/${id}`, { queue_held: false });
    await world.runIs(next.run_id, 'succeeded');
    expect(promptsTold()).toEqual([': run; echo 1 > one', 'Note later']);
    expect((await world.session(id)).rewind).toBeNull();
    expect(await undo(id)).toMatchObject({ status: 409, body: { code: 'nothing_to_undo' } });
    const changed = await world.call<Diff>('GET', `/api/sessions/${id}/diff?from=${next.run_id}`);
    expect(changed.body.stat.files).toBe(1);
  });

  test('what only the later state ignored goes, and undoing brings it back', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    const run = await runCommand(world, id, 'echo dist/ >> .gitignore; mkdir dist; echo built > dist/app.js');
    const built = join(repoOf(world, id), 'dist/app.js');
    const after = await look(world, id);
    expect((await rewind(id, run.run_id)).status).toBe(202);
    expect(existsSync(built)).toBe(false);
    expect((await undo(id)).status).toBe(202);
    expect(await readFile(built, 'utf8')).toBe('built\n');
    expect(await look(world, id)).toEqual(after);
  });

  test('when the files cannot be put back, the conversation stays as well, and it can be used on', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    const first = await runCommand(world, id, 'echo 1 > one');
    // A conversation of before, in which no turn says whose it is.
    const file = join(world.root, id, 'thread.json');
    const thread = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...thread, codexThreadId: randomUUID() }));
    const before = await look(world, id);
    const refused = await rewind(id, first.run_id);
    expect(refused).toMatchObject({ status: 409, body: { code: 'not_rewindable' } });
    expect((await world.session(id)).rewind).toMatchObject({ status: 'failed' });
    expect(await look(world, id)).toEqual(before);
    await writeFile(file, JSON.stringify(thread));
    await runCommand(world, id, 'echo 2 > two');
    expect(promptsTold()).toHaveLength(2);
  });

  test('a backend or a runner that dies on the way is followed by the rest of the way', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
    const before = await look(world, id);
    const first = await runCommand(world, id, 'echo 1 > one; git add -A; git commit -qm One');
    await world.endRunner();
    expect(await rewind(id, first.run_id, { prefer: 'respond-async' })).toMatchObject({
      status: 202,
      body: { rewind: { status: 'rewinding' } },
    });
    // No run starts meanwhile.
    const waits = await world.prompt(id, 'Note after');
    const second = await world.startBackend();
    await world.closeBackend(world.backend);
    world.backend = second;
    expect((await world.session(id)).rewind).toMatchObject({ status: 'rewinding' });
    await world.startRunner();
    await world.runIs(waits.run_id, 'succeeded');
    expect(promptsTold()).toEqual(['Note after']);
    expect((await look(world, id)).head).toEqual(before.head);
  });

  test('only those who may send prompts can do it, and only in sessions that they see', async () => {
    const { session_id: id } = (await world.create({ repo_url: repoUrl, visibility: 'private' })).body;
    const { run_id } = await runCommand(world, id, 'echo 1 > one');
    const me = await world.call<{ tenant: { tenant_id: string } }>('GET', '/api/me');
    const member = await createPerson(world.backend, me.body.tenant.tenant_id, 'member');
    for (const path of ['rewind', 'fork']) {
      const url = `${world.backend.url}/api/sessions/${id}/${path}`;
      const answer = await fetch(url, {
        method: 'POST',
        headers: { ...member.key, 'content-type': 'application/json' },
        body: JSON.stringify({ run_id }),
      });
      expect(answer.status).toBe(404);
    }
    const forked = (await fork(id, { run_id })).body;
    expect(forked).toMatchObject({ visibility: 'private', forked_from: { session_id: id, run_id } });
  });
});

describe('a fork', () => {
  test('has the settings of the other session, and works on after both have gone their ways', async () => {
    const network = { mode: 'allow_list' as const, hosts: [{ host: 'example.org' }] };
    const { session_id: id } = (await world.create({ repo_url: repoUrl, network, title: 'First' })).body;
    const first = await runCommand(world, id, 'echo 1 > one');
    await runCommand(world, id, 'echo 2 > two');
    const made = await fork(id, { run_id: first.run_id, prompt: ': run; echo 3 > three' });
    expect(made).toMatchObject({
      status: 201,
      body: { title: 'First (fork)', network, forked_from: { session_id: id, run_id: first.run_id } },
    });
    const forkId = made.body.session_id;
    const [run] = await waitFor(async () => {
      const runs = await world.runs(forkId);
      return runs.length > 0 ? runs : null;
    });
    const ended = await world.runIs((run as Run).run_id, 'succeeded');
    expect(ended.diff).toMatchObject({ files: 1 });
    expect(promptsTold()).toEqual([': run; echo 1 > one', ': run; echo 3 > three']);
    const diff = await world.call<Diff>('GET', `/api/sessions/${forkId}/diff`);
    expect(diff.body.files.map(({ path }) => path)).toEqual(['one', 'three']);
    await world.call('DELETE', `/api/sessions/${id}`);
    await runCommand(world, forkId, 'cat one README.md > four');
    const again = await world.call<Diff>('GET', `/api/sessions/${forkId}/diff`);
    expect(again.body.files.map(({ path }) => path)).toEqual(['four', 'one', 'three']);
  });

  test('of an empty repository, and of a run that was taken back', async () => {
    const { session_id: id } = (await world.create({})).body;
    const first = await runCommand(world, id, 'echo 1 > one');
    const second = await runCommand(world, id, 'echo 2 > two');
    await rewind(id, second.run_id);
    expect(await fork(id, { run_id: second.run_id })).toMatchObject({
      status: 409,
      body: { code: 'not_rewindable' },
    });
    const { session_id } = (await fork(id, { run_id: first.run_id })).body;
    await world.sessionIs(session_id, 'ready');
    expect((await look(world, session_id)).tree).toBe((await look(world, id)).tree);
  });
});
