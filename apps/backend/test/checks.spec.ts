import { execFile } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Evidence, EvidenceKeys, SessionChecks, SignedEnvelope } from '@saas-codex/contracts/evidence';
import type { Run } from '@saas-codex/contracts/runs';
import type { Commit } from '@saas-codex/contracts/shipping';
import type { Session } from '@saas-codex/contracts/sessions';
import { createPerson } from '@saas-codex/testing/backend/people';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { SystemDatabase } from '../src/database/system-database.js';
import { EvidenceStore } from '../src/evidence/evidence-store.js';
import { MasterKeys } from '../src/secrets/master-keys.js';
import { rotateSecrets } from '../src/secrets/rotation.js';

const run = promisify(execFile);
const CHECKS = `
checks:
  - name: Test
    run: sh test.sh
  - name: Secrets
    run: '[ -z "$OTHER" ] && echo "given: $TOKEN"'
secrets: [TOKEN]
`;
const FILES = { '.saas-codex/checks.yml': CHECKS, 'test.sh': '[ ! -e broken ]\n' };

let world: SessionsWorld;
let repoUrl: string;

beforeAll(async () => {
  world = await SessionsWorld.create({}, { ISOLATION: 'bubblewrap' });
  repoUrl = await world.git.createRepository('checked', FILES);
  await world.startRunner();
});
afterAll(() => world.destroy());

const session = async (body: object = {}) =>
  (await world.create({ repo_url: repoUrl, ...body })).body.session_id;
const command = async (id: string, text: string) =>
  world.runIs((await world.prompt(id, `: run; ${text}`)).run_id, 'succeeded');
const start = (id: string, body: object = {}, headers = {}) =>
  world.call<Run>('POST', `/api/sessions/${id}/checks`, body, headers);
const list = async (id: string) =>
  (await world.call<SessionChecks>('GET', `/api/sessions/${id}/checks`)).body;

/** Runs the checks to their end. @returns their evidence */
async function check(id: string, body: object = {}): Promise<Evidence> {
  const started = await start(id, body);
  expect(started).toMatchObject({ status: 202, body: { kind: 'check' } });
  await world.runIs(started.body.run_id, 'succeeded', 'failed');
  const { items } = await list(id);
  expect(items[0]?.run.run_id).toBe(started.body.run_id);
  const evidence = await world.call<Evidence>('GET', `/api/evidence/${items[0]?.evidence?.evidence_id}`);
  expect(evidence.status).toBe(200);
  return evidence.body;
}

const keys = async () => (await world.call<EvidenceKeys>('GET', '/api/evidence-keys')).body.items;

/** What is signed, as the DSSE specification says. */
function signedBytes({ payloadType, payload }: SignedEnvelope): Buffer {
  const body = Buffer.from(payload, 'base64');
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
}

async function isGenuine(envelope: SignedEnvelope): Promise<boolean> {
  const [signature] = envelope.signatures;
  const key = (await keys()).find(({ key_id: id }) => id === signature?.keyid);
  return verify(
    null,
    signedBytes(envelope),
    createPublicKey(key!.public_key),
    Buffer.from(signature!.sig, 'base64'),
  );
}

describe('evidence of checks', () => {
  it('is about exactly the files as they are, signed, and goes stale', async () => {
    const id = await session();
    await command(
      id,
      'echo new > new.txt; printf "checks: [{ name: Fake, run: true }]" > .saas-codex/checks.yml',
    );
    const evidence = await check(id);
    expect(evidence).toMatchObject({
      session_id: id,
      result: 'passed',
      stale: false,
      checks: [
        { name: 'Test', command: 'sh test.sh', status: 'passed', exit_code: 0, log: '' },
        { name: 'Secrets', status: 'passed', log: 'given: \n' },
      ],
    });
    const { stdout } = await run('git', [
      `--git-dir=${join(world.root, id, 'history.git')}`,
      'ls-tree',
      '-r',
      '--name-only',
      evidence.tree,
    ]);
    expect(stdout.split('\n')).toEqual(['.saas-codex/checks.yml', 'new.txt', 'test.sh', '']);

    expect(await isGenuine(evidence.envelope)).toBe(true);
    const statement = JSON.parse(Buffer.from(evidence.envelope.payload, 'base64').toString()) as object;
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: repoUrl, digest: { gitTree: evidence.tree } }],
      predicate: {
        result: 'PASSED',
        passedTests: ['Test', 'Secrets'],
        failedTests: [],
        evidence_id: evidence.evidence_id,
        checks: evidence.checks.map(({ log, ...signed }) => {
          expect(signed.log_sha256).toBe(createHash('sha256').update(log).digest('hex'));
          return signed;
        }),
      },
    });
    const store = world.backend.app.get(EvidenceStore, { strict: false });
    const { tenant_id: tenantId } = (await world.log(evidence.run_id))[0]!;
    expect(await store.forTree({ tenantId }, id, evidence.tree)).toMatchObject({ result: 'passed' });
    expect(await store.forTree({ tenantId }, id, '1'.repeat(40))).toBeNull();
    expect(await store.forTree({ tenantId: 'another' }, id, evidence.tree)).toBeNull();

    await command(id, 'touch broken');
    expect((await list(id)).items[0]?.evidence).toMatchObject({ result: 'passed', stale: true });
    const failed = await check(id);
    expect(failed).toMatchObject({
      result: 'failed',
      stale: false,
      checks: [{ exit_code: 1 }, { exit_code: 0 }],
    });
    expect((await list(id)).items[0]?.run.error).toBe('“Test” failed with exit code 1.');
    // What was reviewed before can be checked again.
    expect(await check(id, { tree: evidence.tree })).toMatchObject({ result: 'passed', stale: true });
    expect(await world.session(id)).toMatchObject({ last_run_status: 'succeeded' });
  });

  it('is refused by every verifier when a byte was changed', async () => {
    const { envelope } = await check(await session());
    const folder = await mkdtemp(join(tmpdir(), 'evidence-'));
    const file = (name: string) => join(folder, name);
    const openssl = (signed: string) => {
      const args = ['-verify', '-pubin', '-inkey', file('key.pem'), '-rawin', '-in', file(signed)];
      return run('openssl', ['pkeyutl', ...args, '-sigfile', file('signature')]).then(
        () => true,
        () => false,
      );
    };
    try {
      const [signature] = envelope.signatures;
      await writeFile(file('signature'), Buffer.from(signature!.sig, 'base64'));
      await writeFile(file('key.pem'), (await keys())[0]!.public_key);
      await writeFile(file('signed'), signedBytes(envelope));
      const text = Buffer.from(envelope.payload, 'base64').toString();
      const payload = Buffer.from(text.replace('"exit_code":0', '"exit_code":1')).toString('base64');
      await writeFile(file('tampered'), signedBytes({ ...envelope, payload }));
      expect([await openssl('signed'), await openssl('tampered')]).toEqual([true, false]);
      expect(await isGenuine({ ...envelope, payload })).toBe(false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is signed with the same key after the master key was changed', async () => {
    const id = await session();
    const [before] = (await check(id)).envelope.signatures;
    const pool = world.backend.app.get(SystemDatabase).pool;
    const query = async <T>(statement: string, parameters: unknown[]) =>
      (await pool.query(statement, parameters)).rows as T[];
    const masterKeys = world.backend.app.get(MasterKeys, { strict: false });
    await rotateSecrets(query, await masterKeys.addKey());
    const second = await world.startBackend();
    await world.closeBackend(world.backend);
    world.backend = second;
    const evidence = await check(id);
    expect(evidence.envelope.signatures[0]?.keyid).toBe(before?.keyid);
    expect(await isGenuine(evidence.envelope)).toBe(true);
  });

  it('is not there after the run was cancelled, nor after its runner was killed', async () => {
    const url = await world.git.createRepository('slow', {
      '.saas-codex/checks.yml':
        'checks: [{ name: Quick, run: "true" }, { name: Slow, run: echo begun; sleep 1000 }]',
    });
    const begun = async (id: string) => {
      const { run_id: runId } = (await start(id)).body;
      await waitFor(async () => JSON.stringify(await world.log(runId)).includes('begun'), {
        what: 'the check',
      });
      return runId;
    };
    const [id, other] = [await session({ repo_url: url }), await session({ repo_url: url })];
    const cancelled = await begun(id);
    await world.call('POST', `/api/runs/${cancelled}/cancel`);
    await world.runIs(cancelled, 'cancelled');
    const killed = await begun(other);
    await world.endRunner();
    await world.startRunner();
    await waitFor(async () => (await list(other)).items[0]?.run.status === 'interrupted', {
      what: 'the run to be interrupted',
    });
    for (const [of, runId] of [
      [id, cancelled],
      [other, killed],
    ] as const)
      expect((await list(of)).items).toMatchObject([{ run: { run_id: runId }, evidence: null }]);
  });
});

describe('a run of checks', () => {
  it('waits for the run at work, overtakes prompts that wait, and lets a rewind be undone', async () => {
    const id = await session();
    const first = await command(id, 'echo one > one');
    const working = await world.prompt(id, 'Work until');
    await world.runIs(working.run_id, 'running');
    const waiting = await world.prompt(id, 'Note');
    const checks = (await start(id)).body;
    expect(await start(id)).toMatchObject({ status: 409, body: { code: 'checks_in_progress' } });
    expect(checks.status).toBe('queued');
    await writeFile(join(world.root, id, 'repo', 'go'), '');
    await world.runIs(waiting.run_id, 'succeeded');
    const [checked, note] = [
      await world.runIs(checks.run_id, 'succeeded'),
      await world.runIs(waiting.run_id, 'succeeded'),
    ];
    expect(Date.parse(checked.ended_at!)).toBeLessThanOrEqual(Date.parse(note.started_at!));
    expect((await list(id)).items[0]?.evidence).toMatchObject({ stale: true });
    await world.call('POST', `/api/sessions/${id}/rewind`, { run_id: first.run_id });
    expect(await check(id)).toMatchObject({ stale: false });
    expect(await world.call('POST', `/api/sessions/${id}/rewind/undo`)).toMatchObject({ status: 202 });
    expect((await list(id)).items[0]?.evidence).toMatchObject({ stale: true });
  });

  it('gets the secrets that are declared and that the session has', async () => {
    for (const name of ['TOKEN', 'OTHER'])
      await world.call('POST', '/api/secrets', { name, value: `value of ${name}` });
    const id = await session({ secrets: ['TOKEN', 'OTHER'] });
    const { checks } = await check(id);
    expect(checks[1]).toMatchObject({ status: 'passed', log: 'given: [secret TOKEN]\n' });
    const without = await session({ secrets: ['OTHER'] });
    expect((await check(without)).checks[1]).toMatchObject({ log: 'given: \n' });
  });

  it('comes before a push where the repository requires it, and is about exactly the files of the commit', async () => {
    const required = { ...FILES, '.saas-codex/checks.yml': `${CHECKS}required: true\n` };
    const id = await session({ repo_url: await world.git.createRepository('strict', required) });
    expect((await list(id)).required).toBe(true);
    const push = async () => {
      const commit = await world.call<Commit>('POST', `/api/sessions/${id}/commits`, {});
      const body = { commit_id: commit.body.commit_id };
      return world.call('POST', `/api/sessions/${id}/pushes`, body);
    };
    const refused = { status: 409, body: { code: 'checks_required' } };
    await command(id, 'echo one > one');
    expect(await push()).toMatchObject(refused);
    await check(id);
    await command(id, 'touch broken');
    expect(await push()).toMatchObject(refused);
    expect((await check(id)).result).toBe('failed');
    expect(await push()).toMatchObject(refused);
    // What was checked first is there again.
    await command(id, 'rm broken');
    expect(await push()).toMatchObject({ status: 202 });
  });

  it('comes before a push from a fork, too, whatever the files that it began with say', async () => {
    const required = { ...FILES, '.saas-codex/checks.yml': `${CHECKS}required: true\n` };
    const id = await session({ repo_url: await world.git.createRepository('forked', required) });
    const dropping = await world.prompt(id, ': run; rm .saas-codex/checks.yml; echo one > one');
    await world.runIs(dropping.run_id, 'succeeded');
    const body = { run_id: dropping.run_id };
    const { body: forked } = await world.call<Session>('POST', `/api/sessions/${id}/fork`, body);
    const fork = forked.session_id;
    await waitFor(
      async () => (await world.call<Session>('GET', `/api/sessions/${fork}`)).body.status === 'ready',
      { what: 'the fork to be ready' },
    );
    expect((await list(fork)).required).toBe(true);
    const commit = await world.call<Commit>('POST', `/api/sessions/${fork}/commits`, {});
    expect(commit.status).toBe(201);
    const push = () =>
      world.call('POST', `/api/sessions/${fork}/pushes`, { commit_id: commit.body.commit_id });
    expect(await push()).toMatchObject({ status: 409, body: { code: 'checks_required' } });
    expect((await check(fork)).result).toBe('passed');
    expect(await push()).toMatchObject({ status: 202 });
  });

  it('lets nothing out where the declaration has a mistake', async () => {
    const mistaken = { '.saas-codex/checks.yml': `required: true\n# ${'x'.repeat(70_000)}\n` };
    const id = await session({ repo_url: await world.git.createRepository('mistaken', mistaken) });
    expect(await list(id)).toMatchObject({ required: true, problem: expect.stringContaining('64 KB') });
    await command(id, 'echo one > one');
    const commit = await world.call<Commit>('POST', `/api/sessions/${id}/commits`, {});
    expect(
      await world.call('POST', `/api/sessions/${id}/pushes`, { commit_id: commit.body.commit_id }),
    ).toMatchObject({
      status: 409,
      body: { code: 'checks_required', detail: expect.stringContaining('Mend it on the branch') },
    });
  });

  it('is refused with what to do', async () => {
    const refusal = async (files: Record<string, string>, name: string) => {
      const id = await session({ repo_url: await world.git.createRepository(name, files) });
      return [await list(id), await start(id)] as const;
    };
    expect(await refusal({ a: 'a' }, 'none')).toMatchObject([
      { declared: [], problem: null, items: [] },
      { status: 409, body: { code: 'checks_missing' } },
    ]);
    expect(await refusal({ '.saas-codex/checks.yml': 'checks: 1' }, 'invalid')).toMatchObject([
      { declared: [], problem: expect.stringContaining('checks: ') as string },
      { status: 409, body: { code: 'checks_invalid' } },
    ]);
    const id = await session();
    expect(await start(id, { tree: '1'.repeat(40) })).toMatchObject({
      status: 404,
      body: { code: 'tree_not_found' },
    });
    await world.call<Session>('PATCH', `/api/sessions/${id}`, { status: 'archived' });
    expect(await start(id)).toMatchObject({ status: 409, body: { code: 'session_archived' } });
  });

  it('is made once by a request that is repeated, and its evidence is private with its session', async () => {
    const id = await session({ visibility: 'private' });
    const key = { 'idempotency-key': 'checks-once' };
    const [one, two] = [await start(id, {}, key), await start(id, {}, key)];
    expect(two.body.run_id).toBe(one.body.run_id);
    await world.runIs(one.body.run_id, 'succeeded');
    const evidence = (await list(id)).items[0]?.evidence;
    const { tenant_id: tenantId } = (await world.log(one.body.run_id))[0]!;
    const other = await createPerson(world.backend, tenantId, 'admin');
    for (const path of [`/api/evidence/${evidence?.evidence_id}`, `/api/sessions/${id}/checks`])
      expect((await world.backend.fetch(path, { headers: other.key })).status).toBe(404);
  });
});
