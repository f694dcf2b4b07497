import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Comment,
  type CommentPage,
  MAX_COMMENTS,
  type SentComments,
} from '@saas-codex/contracts/comments';
import type { Diff } from '@saas-codex/contracts/diffs';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Me } from '@saas-codex/contracts/identity';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { createPerson, type TestPerson } from '@saas-codex/testing/backend/people';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';

let world: SessionsWorld;
let ben: TestPerson;
let carla: TestPerson;
let viewer: TestPerson;

const CALC = ['export function add(a, b) {', '  return a - b;', '}', '', 'export const zero = 0;', ''];
/** What the agent does about comments with the word “Script”. */
const SCRIPT = [
  `sed -i 's/a - b/a + b/' calc.js`,
  `sed -i '1i // Sums.' calc.js`,
  'git mv old.js renamed.js 2>/dev/null || mv old.js renamed.js',
  'rm gone.js',
].join('\n');
const OLD = ['let first = 1;', 'let second = 2;', 'let third = 3;', 'let fourth = 4;', ''].join('\n');

beforeAll(async () => {
  world = await SessionsWorld.create();
  await world.startRunner();
  const { tenant } = (await world.call<Me>('GET', '/api/me')).body;
  [ben, carla, viewer] = await Promise.all([
    createPerson(world.backend, tenant.tenant_id, 'member'),
    createPerson(world.backend, tenant.tenant_id, 'admin'),
    createPerson(world.backend, tenant.tenant_id, 'viewer'),
  ]);
});
afterAll(() => world.destroy());

let repository: Promise<string> | undefined;
async function startSession(): Promise<Session> {
  repository ??= world.git.createRepository('reviewed', {
    'calc.js': CALC.slice(0, 3).join('\n') + '\n',
    'old.js': OLD,
    'gone.js': 'let gone = true;\n',
    'script.sh': SCRIPT,
    'data.bin': 'a\0b\n',
  });
  return (await world.create({ repo_url: await repository })).body;
}

const pathOf = (session: Session, rest = '') => `/api/sessions/${session.session_id}/comments${rest}`;
const diffOf = async (session: Session) =>
  (await world.call<Diff>('GET', `/api/sessions/${session.session_id}/diff`)).body;
const list = async (session: Session, query = '') =>
  (await world.call<CommentPage>('GET', pathOf(session, query))).body.items;
const send = (session: Session, body: object = {}, headers = {}) =>
  world.call<SentComments>('POST', pathOf(session, '/send'), body, headers);
const patch = (session: Session, { comment_id: id }: Comment, body: object, headers = {}) =>
  world.call<Comment>('PATCH', pathOf(session, `/${id}`), body, headers);

interface At {
  path: string;
  lines: [first: number, last?: number];
  side?: 'old' | 'new';
  tree?: string;
}
function post(session: Session, text: string, { path, lines, side = 'new', tree }: At, headers = {}) {
  const [first, last = first] = lines;
  const body = { text, path, side, tree, first_line: first, last_line: last };
  return world.call<Comment>('POST', pathOf(session), body, headers);
}
async function comment(...args: Parameters<typeof post>): Promise<Comment> {
  const { status, body } = await post(...args);
  expect([status, body.detail]).toEqual([201, undefined]);
  return body;
}
const done = async (session: Session, command: string): Promise<Run> =>
  world.runIs((await world.prompt(session.session_id, `: run; ${command}`)).run_id, 'succeeded');

test('a comment follows its lines through later runs, and says what has become of it', async () => {
  const session = await startSession();
  await done(session, `printf '\\nexport const zero = 0;\\n' >> calc.js`);
  const { from, to } = await diffOf(session);
  const at = (path: string, ...lines: At['lines']): At => ({ path, lines, tree: to });
  const wrong = await comment(session, 'Add them. Script it.', at('calc.js', 2));
  const kept = await comment(session, 'Why zero?', at('calc.js', 5));
  const moved = await comment(session, 'Use const.', at('old.js', 2, 3));
  const gone = await comment(session, 'Is this needed?', at('gone.js', 1));
  const old = await comment(session, 'It was fine.', {
    path: 'calc.js',
    lines: [1, 3],
    side: 'old',
    tree: from,
  });
  expect(wrong).toMatchObject({
    code: [CALC[1]],
    status: 'open',
    run_id: null,
    place: { path: 'calc.js', first_line: 2 },
  });
  expect((await list(session)).map(({ comment_id: id }) => id)).toEqual(
    [wrong, kept, moved, gone, old].map(({ comment_id: id }) => id),
  );

  const { body: sent, status } = await send(session);
  expect([status, sent.comment_ids]).toHaveLength(2);
  expect(sent.comment_ids).toHaveLength(5);
  expect(sent.run.prompt).toContain('`calc.js`, line 2:\n```\n  return a - b;\n```\nAdd them. Script it.');
  expect(sent.run.prompt).toContain('`old.js`, lines 2 to 3:\n');
  expect(sent.run.prompt).toContain('`calc.js`, lines 1 to 3 before the change, which removed:\n');
  await world.runIs(sent.run_id, 'succeeded');

  const stateOf = ({ status, place, run_id }: Comment) => [
    status,
    place && `${place.path}:${place.first_line}-${place.last_line}`,
    run_id === sent.run_id,
  ];
  expect((await list(session)).map(stateOf)).toEqual([
    ['addressed', null, true],
    ['open', 'calc.js:6-6', true],
    ['open', 'renamed.js:2-3', true],
    ['addressed', null, true],
    ['open', 'calc.js:1-3', true],
  ]);
  expect((await list(session, `?to=${to}`)).map(({ place }) => place?.first_line)).toEqual([2, 5, 2, 1, 1]);
  expect((await list(session, '?path=renamed.js')).map(({ text }) => text)).toEqual(['Use const.']);

  await done(session, `sed -i '/zero/d' calc.js`);
  expect((await list(session, '?status=outdated')).map(({ text, code }) => [text, code])).toEqual([
    ['Why zero?', ['export const zero = 0;']],
  ]);
  await done(session, `sed -i 's/a + b/a - b/' calc.js`);
  expect((await list(session, '?status=addressed')).map(({ text }) => text)).toEqual(['Is this needed?']);
});

test('comments are sent once, by whoever asks first, and with the run or not at all', async () => {
  const session = await startSession();
  const { to: tree } = await diffOf(session);
  const at = (line: number): At => ({ path: 'old.js', lines: [line], tree });
  const key = () => ({ [HEADERS.idempotencyKey]: randomUUID() });
  const again = key();
  const first = await comment(session, 'First', at(1), again);
  expect((await post(session, 'First', at(1), again)).body.comment_id).toBe(first.comment_id);
  await comment(session, 'Second', at(2), ben.key);
  const database = world.backend.app.get(DataSource);
  await database.query('ALTER TABLE comments ADD CONSTRAINT cut CHECK (run_id IS NULL) NOT VALID');
  expect((await send(session)).status).toBe(500);
  await database.query('ALTER TABLE comments DROP CONSTRAINT cut');
  expect(await world.runs(session.session_id)).toEqual([]);
  expect((await list(session)).map(({ run_id: id }) => id)).toEqual([null, null]);

  const only = await send(session, { comment_ids: [first.comment_id] });
  expect(only.body.comment_ids).toEqual([first.comment_id]);
  const keys = [key(), { ...key(), ...ben.key }];
  const answers = await Promise.all(keys.map((headers) => send(session, {}, headers)));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409]);
  const won = answers.findIndex(({ status }) => status === 202);
  expect(answers[1 - won]?.body.code).toBe('comments_missing');
  // An attempt after the process that answered is gone, and with it everything that it knew.
  await world.closeBackend(world.backend);
  world.backend = await world.startBackend();
  await database.destroy().catch(() => undefined);
  expect((await send(session, {}, keys[won])).body.run_id).toBe(answers[won]?.body.run_id);
  const prompts = (await world.runs(session.session_id)).map(({ prompt }) => prompt);
  expect(prompts).toEqual([expect.stringContaining('First'), expect.stringContaining('Second')]);
  expect(prompts[1]).not.toContain('First');
});

test('a prompt that leaves the queue gives its comments back, but not to send them twice', async () => {
  const session = await startSession();
  const { to: tree } = await diffOf(session);
  const note = await comment(session, 'Once', { path: 'old.js', lines: [1], tree });
  const runOf = async () => (await list(session))[0]?.run_id;
  const work = await world.prompt(session.session_id, 'Work until the file is there');
  await waitFor(async () => (await world.log(work.run_id)).some(({ type }) => type === 'item.started'));
  const { body: taken } = await send(session);
  expect(await runOf()).toBe(taken.run_id);
  expect((await patch(session, note, { text: 'Twice' })).body.code).toBe('comment_sent');
  await world.call('POST', `/api/runs/${taken.run_id}/cancel`);
  await world.runIs(taken.run_id, 'cancelled');
  expect(await runOf()).toBeNull();
  expect((await patch(session, note, { text: 'Twice' })).body).toMatchObject({
    text: 'Twice',
    edited_at: expect.any(String),
  });

  const { body: steered } = await send(session);
  expect((await world.call('POST', `/api/runs/${steered.run_id}/send-now`)).status).toBe(202);
  await world.runIs(steered.run_id, 'cancelled');
  expect(await runOf()).toBe(work.run_id);
  expect((await send(session)).body.code).toBe('comments_missing');
  await writeFile(join(world.root, session.session_id, 'repo', 'go'), '');
  await world.runIs(work.run_id, 'succeeded');
  expect((await send(session)).body.code).toBe('comments_missing');
});

test('people see each other’s comments live, edit their own, and resolve all', async () => {
  const session = await startSession();
  const { to: tree } = await diffOf(session);
  const note = await comment(session, 'Mine', { path: 'old.js', lines: [1], tree }, ben.key);
  expect(note.created_by).toMatchObject({ kind: 'api_key', id: ben.userId });
  const heard = async () =>
    (await world.activity(session.session_id)).filter(({ type }) => type === 'session.comments').length;
  await waitFor(async () => (await heard()) === 1);
  expect((await list(session)).map(({ text }) => text)).toEqual(['Mine']);

  expect((await patch(session, note, { text: 'Yours' }, carla.key)).body.code).toBe('forbidden');
  expect((await patch(session, note, { resolved: true }, viewer.key)).body.code).toBe('forbidden');
  const { body: resolved } = await patch(session, note, { resolved: true }, carla.key);
  expect(resolved).toMatchObject({ status: 'resolved', resolved_by: { id: carla.userId }, edited_at: null });
  expect((await send(session)).body.code).toBe('comments_missing');
  const { body: reopened } = await patch(session, note, { resolved: false, text: 'Mine, still' }, ben.key);
  expect(reopened).toMatchObject({ status: 'open', resolved_by: null, text: 'Mine, still' });

  const ours = await comment(session, 'Ours', { path: 'old.js', lines: [2], tree }, carla.key);
  const remove = async ({ comment_id: id }: Comment, headers: object) =>
    (await world.call('DELETE', pathOf(session, `/${id}`), undefined, headers)).status;
  expect(await remove(ours, ben.key)).toBe(403);
  expect(await remove(note, carla.key)).toBe(204);
  expect(await remove(note, ben.key)).toBe(404);
  expect((await list(session)).map(({ text }) => text)).toEqual(['Ours']);
  await waitFor(async () => (await heard()) === 5);
});

test('refuses lines that are not there, and more comments than a session takes', async () => {
  const session = await startSession();
  const { to: tree } = await diffOf(session);
  const at = { path: 'old.js', lines: [1], tree } satisfies At;
  const code = async (...args: [At, (string | undefined)?]) =>
    (await post(session, args[1] ?? 'x', args[0])).body.code;
  expect(await code({ ...at, lines: [4, 5] })).toBe('lines_not_found');
  expect(await code({ ...at, lines: [2, 1] })).toBe('invalid_request');
  for (const path of ['missing.js', 'data.bin', '../old.js', './old.js', 'old.js\n', '"old.js', '/old.js'])
    expect([path, await code({ ...at, path })]).toEqual([path, 'lines_not_found']);
  expect(await code({ ...at, tree: 'f'.repeat(40) })).toBe('tree_not_found');
  expect(await code(at, ' \n')).toBe('invalid_request');
  expect((await world.call('GET', pathOf(session, `?to=${'f'.repeat(40)}`))).body.code).toBe(
    'tree_not_found',
  );
  await comment(session, 'x', at);
  await world.backend.app.get(DataSource).query(
    `INSERT INTO comments SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()))).*
       FROM comments c, generate_series(2, $2) WHERE session_id = $1`,
    [session.session_id, MAX_COMMENTS],
  );
  expect(await code(at)).toBe('too_many_comments');

  await world.call('PATCH', `/api/sessions/${session.session_id}`, { status: 'archived' });
  expect((await send(session)).body.code).toBe('session_archived');
});
