import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Run } from '@saas-codex/contracts/runs';
import type { Commit, CommitProposal } from '@saas-codex/contracts/shipping';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { SystemDatabase } from '../src/database/system-database.js';

/** Commit messages that Codex proposes: the real Codex, in a jail, with a scripted model. */

const RIGHT_TO_LEFT = '\u202e';
const LONG_SUBJECT = `Say hello to ${'everybody and '.repeat(6)}all`;
const ANSWERS = {
  hello: {
    subject: 'Greet the reader',
    body: `Nobody was greeted${RIGHT_TO_LEFT}.\u0007\n\nSigned-off-by: Eve <eve@example.test>\nIt is polite.\n\nCo-authored-by: Eve <eve@example.test>\nCloses: 7`,
  },
  long: { subject: LONG_SUBJECT, body: '' },
};
const ASKED = '^Write the message of the git commit[^]*';
const scenario = (name: string, text: string) => ({
  name,
  match: { regex: ASKED + name },
  steps: [{ do: 'message' as const, text }],
});
const SCENARIOS = [
  scenario('hello\\.txt', JSON.stringify(ANSWERS.hello)),
  scenario('long\\.txt', JSON.stringify(ANSWERS.long)),
  scenario('malformed\\.txt', 'I would rather not.'),
  {
    name: 'never answers',
    match: { regex: `${ASKED}held\\.txt` },
    steps: [
      { do: 'gate' as const, name: 'never' },
      { do: 'message' as const, text: '' },
    ],
  },
  {
    name: 'tries to change a file',
    match: { regex: `${ASKED}evil\\.txt` },
    steps: [
      { do: 'command' as const, cmd: 'echo planted > "$PWD/planted.txt"; ls -A' },
      { do: 'message' as const, text: JSON.stringify(ANSWERS.hello) },
    ],
  },
];

let world: SessionsWorld;
let repoUrl: string;

beforeAll(async () => {
  world = await SessionsWorld.create({}, { ISOLATION: 'bubblewrap' }, SCENARIOS);
  repoUrl = await world.git.createRepository('proposed', { 'README.md': '# Hello\n' });
  await world.startRunner();
});
afterAll(() => world.destroy());

/** A session in which Codex has written this file. */
async function withFile(name: string, content = 'new'): Promise<string> {
  const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
  const run = await world.prompt(id, `: run; printf '%s' ${JSON.stringify(content)} > ${name}`);
  await world.runIs(run.run_id, 'succeeded');
  return id;
}

const path = (id: string) => `/api/sessions/${id}/commits/proposals`;
const diffOf = async (id: string) => (await world.call<Diff>('GET', `/api/sessions/${id}/diff`)).body;
const ask = (id: string, body: object = {}, headers = {}) => world.call<Run>('POST', path(id), body, headers);
const read = async (id: string, runId: string) =>
  (await world.call<CommitProposal>('GET', `${path(id)}/${runId}`)).body;

async function propose(id: string, ...statuses: Run['status'][]): Promise<CommitProposal> {
  const asked = await ask(id);
  expect(asked).toMatchObject({
    status: 202,
    body: { kind: 'proposal', prompt: 'Propose a commit message.' },
  });
  await world.runIs(asked.body.run_id, ...statuses);
  return read(id, asked.body.run_id);
}

test('Codex is shown the change and a schema, and what it proposes has no trailers and nothing hidden', async () => {
  const id = await withFile('hello.txt', 'a line of the change');
  const before = await world.session(id);
  const { to: tree } = await diffOf(id);
  const headers = { 'idempotency-key': 'proposal-1' };
  const asked = await ask(id, { tree }, headers);
  expect((await ask(id, { tree }, headers)).body.run_id).toBe(asked.body.run_id);
  const run = await world.runIs(asked.body.run_id, 'succeeded');
  expect(run).toMatchObject({
    kind: 'proposal',
    diff: null,
    usage: { output_tokens: expect.any(Number) as number },
  });

  expect(await read(id, run.run_id)).toEqual({
    run_id: run.run_id,
    session_id: id,
    status: 'succeeded',
    tree,
    outdated: false,
    message: { subject: 'Greet the reader', body: 'Nobody was greeted.\n\nIt is polite.' },
    error: null,
  });

  const seen = world.model.requests.filter(({ schema }) => schema !== null).at(-1)!;
  expect(seen.schema).toMatchObject({ required: ['subject', 'body'], additionalProperties: false });
  const [prompt = ''] = seen.prompts;
  expect(prompt).toContain('added "hello.txt" (+1 -0)');
  expect(prompt).toContain('+a line of the change');
  expect(prompt).toContain("- : run; printf '%s'");

  // It was a question aside: the session's conversation and title are as they were, and the next prompt continues it.
  expect(await world.session(id)).toMatchObject({
    title: before.title,
    last_run_status: before.last_run_status,
  });
  const next = await world.prompt(id, ': run; true');
  await world.runIs(next.run_id, 'succeeded');
  expect(world.model.requests.at(-1)!.prompts).toEqual([expect.stringContaining('hello.txt'), ': run; true']);
  expect(await readdir(join(world.root, id))).not.toContain('checks');

  // Its costs are its own.
  const { pool } = world.backend.app.get(SystemDatabase);
  const calls = await pool.query('SELECT 1 FROM model_calls WHERE run_id = $1', [run.run_id]);
  expect(calls.rowCount).toBe(1);

  // Nobody ships what is no longer there, unseen.
  expect(await read(id, run.run_id)).toMatchObject({ outdated: false });
  const changed = await world.prompt(id, ': run; echo more > more.txt');
  await world.runIs(changed.run_id, 'succeeded');
  expect(await read(id, run.run_id)).toMatchObject({ outdated: true, tree });
  expect(await ask(id, { tree })).toMatchObject({ status: 409, body: { code: 'files_changed' } });

  const back = await world.call('POST', `/api/sessions/${id}/rewind`, { run_id: run.run_id });
  expect(back.status).toBe(409);
  const message = 'Greet the reader';
  const commit = await world.call<Commit>('POST', `/api/sessions/${id}/commits`, { message });
  expect(commit).toMatchObject({
    status: 201,
    body: { message: expect.stringContaining(message) as string },
  });
});

test('a subject that is too long is shortened, and kept whole in the body', async () => {
  const { message } = await propose(await withFile('long.txt'), 'succeeded');
  expect(message!.subject.length).toBeLessThanOrEqual(72);
  expect(message).toMatchObject({
    subject: expect.stringMatching(/^Say hello to .*…$/) as string,
    body: LONG_SUBJECT,
  });
});

test('an answer that is no message fails the run, and says what to do', async () => {
  const id = await withFile('malformed.txt');
  const { error, message } = await propose(id, 'failed');
  expect(error).toBe(
    'What Codex answered is no commit message. Ask for a proposal again, or write the message yourself.',
  );
  expect(message).toBeNull();
  expect(await world.session(id)).toMatchObject({ last_run_status: 'succeeded', needs_you: null });
});

test('it can be cancelled, which holds no prompt', async () => {
  const id = await withFile('held.txt');
  const { body: run } = await ask(id);
  await world.runIs(run.run_id, 'running');
  expect(await ask(id)).toMatchObject({ status: 409, body: { code: 'session_busy' } });
  const waiting = await world.prompt(id, ': run; true');
  await waitFor(
    async () => world.model.requests.some(({ prompts }) => prompts[0]?.includes('"held.txt"')) || null,
    {
      what: 'Codex to ask the model',
    },
  );
  await world.call('POST', `/api/runs/${run.run_id}/cancel`);
  await world.runIs(run.run_id, 'cancelled');
  expect(await read(id, run.run_id)).toMatchObject({ status: 'cancelled', message: null });
  await world.runIs(waiting.run_id, 'succeeded');
});

test('whatever the model wants, no file changes and nothing is left', async () => {
  const id = await withFile('evil.txt');
  const { to } = await diffOf(id);
  const proposal = await propose(id, 'succeeded', 'failed');
  expect(proposal.tree).toBe(to);
  expect((await diffOf(id)).to).toBe(to);
  const run = (await world.runs(id)).at(-1)!;
  expect(run).toMatchObject({ kind: 'proposal', diff: null });
  expect(await readdir(join(world.root, id, 'repo'))).not.toContain('planted.txt');
  expect(await readdir(join(world.root, id))).not.toContain('checks');
});

test('there is nothing to propose where nothing has changed', async () => {
  const { session_id: id } = (await world.create({ repo_url: repoUrl })).body;
  expect(await ask(id)).toMatchObject({ status: 409, body: { code: 'nothing_to_commit' } });
  const { body: run } = await ask(await withFile('hello.txt'));
  await world.runIs(run.run_id, 'succeeded');
  expect(await read(id, run.run_id)).toMatchObject({ code: 'run_not_found' });
});
