import type { OnModuleDestroy } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiKeyPage } from '@saas-codex/contracts/api-keys';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { SessionImage } from '@saas-codex/contracts/images';
import type { Me } from '@saas-codex/contracts/identity';
import { HEADERS } from '@saas-codex/contracts/http';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { Session, SessionPage } from '@saas-codex/contracts/sessions';
import type { ShareLink } from '@saas-codex/contracts/sharing';
import type { TenantUsage } from '@saas-codex/contracts/usage';
import type { Credential } from '@saas-codex/contracts/credentials';
import type { Forge } from '@saas-codex/contracts/forges';
import type { RepositoryRule } from '@saas-codex/contracts/repository-rules';
import type { Secret } from '@saas-codex/contracts/secrets';
import { WEBHOOK } from '@saas-codex/testing/backend/operations';
import { createPerson, createTenant } from '@saas-codex/testing/backend/people';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { MERGED_PULL_REQUEST } from '@saas-codex/testing/backend/merged-pull-request';
import { PENDING_APPROVAL } from '@saas-codex/testing/backend/pending-approval';
import { PUSHED_COMMIT } from '@saas-codex/testing/backend/pushed-commit';
import { SAMPLE_IMAGES } from '@saas-codex/testing/sample-images';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource, type EntityManager, type FindOptionsWhere, type SelectQueryBuilder } from 'typeorm';
import { TenantDatabase, type TenantTransaction } from '../src/database/tenant-database.js';
import { TenantRepository } from '../src/database/tenant-repository.js';
import type { TenantRow, TenantScope } from '../src/database/tenant-row.js';
import { ApprovalTimeouts } from '../src/approvals/approval-timeouts.js';
import { AuditWebhookDeliverer } from '../src/webhooks/audit-webhook-deliverer.js';

/*
 * Two tenants work on one repository, with the same names everywhere. And a visitor, a tenant that has nothing, tries every
 * operation on what one of them has:
 *
 *     visitor ──► every operation with an id, every list ──► predicate ──► row-level security ──► rows of another tenant
 *                 with the ids of another tenant              on / off       on / off
 *
 * With one of the two lines, the visitor gets the answers of before anybody had anything. With neither, it reaches
 * everything, which shows that these tests can fail. The lines are switched off here, from outside; the product has no switch.
 */

const METRICS_TOKEN = 'a-token-for-metrics-0123456789abcdef';
const TITLE = 'The same title';
const PROMPT = 'Note the same prompt';
/** Nothing listens on port 9 (discard). */
const MODEL_SERVER = 'http://127.0.0.1:9';

interface Caller {
  tenantId: string;
  headers: Record<string, string>;
}
interface Work {
  session: Session;
  run: Run;
}

let world: SessionsWorld;
let repository: string;
let mine: Caller;
let theirs: Caller & { userId: string };
let invitation: string;
let visitor: Caller;
let operations: Operation[];
/** What the visitor was told before anybody had anything. */
let before: string[];
let ofMine: Work;
let ofTheirs: Work;
let apiKey: string;
let shareLink: string;
let image: string;
const evidence = randomUUID();
let approval: string;
let secret: string;
let credential: string;
let repositoryRule: string;
let forge: string;
const signIn = randomUUID();
let serviceAccount: string;
const passkey = randomUUID();
const steer = randomUUID();
const comment = randomUUID();
let shipped = { pushId: '', commitId: '' };

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  world.backend.app.get(DataSource).query<T[]>(statement, parameters);

const get = async <T>(caller: Caller, path: string) =>
  (await world.call<T>('GET', path, undefined, caller.headers)).body;

beforeAll(async () => {
  world = await SessionsWorld.create({ METRICS_TOKEN, MODEL_TRUSTED_HOSTS: new URL(MODEL_SERVER).host });
  await world.startRunner();
  // What they do by themselves changes rows.
  for (const worker of [AuditWebhookDeliverer, ApprovalTimeouts])
    await world.backend.app.get<OnModuleDestroy>(worker, { strict: false }).onModuleDestroy();
  repository = await world.git.createRepository('shared', { 'README.md': 'The same file\n' });
  const headers = { authorization: `Bearer ${world.backend.ownerToken}` };
  mine = { tenantId: (await get<Me>({ tenantId: '', headers }, '/api/me')).tenant.tenant_id, headers };
  theirs = await ownerOf('Theirs');
  visitor = await ownerOf('Visitor');
  operations = operationsOf(await get<OpenAPIObject>(visitor, '/api/openapi.json'));
  before = await answers(nobodysIds());
  const invite = { role: 'member' };
  const invited = await world.call<{ invitation_id: string }>(
    'POST',
    '/api/invitations',
    invite,
    theirs.headers,
  );
  invitation = invited.body.invitation_id;
  const saved = { name: 'SAME_NAME', value: 'a secret of theirs' };
  secret = (await world.call<Secret>('POST', '/api/secrets', saved, theirs.headers)).body.secret_id;
  // Of the organisation, since those of a person are hidden by another rule, too.
  const forGit = { owner: 'organisation', kind: 'ssh_key', host: 'git.example.test' };
  credential = (await world.call<Credential>('POST', '/api/credentials', forGit, theirs.headers)).body
    .credential_id;
  const connected = {
    kind: 'github',
    owner: 'organisation',
    url: 'https://git.example.test',
    token: 'of-theirs',
  };
  forge = (await world.call<Forge>('POST', '/api/forges', connected, theirs.headers)).body.forge_id;
  await world.call('POST', '/api/signing-key', {}, theirs.headers);
  const covered = { host: 'git.example.test', path: 'theirs' };
  const ruled = await world.call<RepositoryRule>('POST', '/api/repository-rules', covered, theirs.headers);
  repositoryRule = ruled.body.rule_id;
  const account = await world.call<{ service_account_id: string }>(
    'POST',
    '/api/service-accounts',
    { name: TITLE },
    theirs.headers,
  );
  serviceAccount = account.body.service_account_id;
  await sql(
    `INSERT INTO user_sessions (id, token, user_id, expires_at, updated_at)
     VALUES ($1, 'x', $2, now() + interval '1 day', now())`,
    [signIn, theirs.userId],
  );
  await world.call('PATCH', '/api/limits', { person: { queued_runs: 50 } }, theirs.headers);
  const prices = { 'only-theirs': { input: 1, cached_input: 1, output: 1 } };
  await world.call('PATCH', '/api/models', { prices }, theirs.headers);
  await world.call(
    'PUT',
    '/api/audit/webhook',
    { ...WEBHOOK, url: 'https://127.0.0.1:9/theirs' },
    theirs.headers,
  );
  await sql(
    `INSERT INTO passkeys (id, user_id, name, credential_id, public_key, counter, transports)
     VALUES ($1, $2, 'Theirs', $1, '', 0, '{}')`,
    [passkey, theirs.userId],
  );
  apiKey = (await get<ApiKeyPage>(theirs, '/api/api-keys')).items[0]?.key_id ?? '';
  [ofMine, ofTheirs] = await Promise.all([doWork(mine), doWork(theirs)]);
  const server = { base_url: MODEL_SERVER, key: 'the-key-of-their-model-server' };
  await world.call('PUT', '/api/models/server', server, theirs.headers);
  const shared = `/api/sessions/${ofTheirs.session.session_id}/share-links`;
  shareLink = (await world.call<ShareLink>('POST', shared, {}, theirs.headers)).body.share_link_id;
  const uploaded = await world.backend.fetch(`/api/sessions/${ofTheirs.session.session_id}/images`, {
    method: 'POST',
    headers: { ...theirs.headers, 'content-type': 'image/png' },
    body: SAMPLE_IMAGES['image/png'],
  });
  image = ((await uploaded.json()) as SessionImage).image_id;
  const asked = [theirs.tenantId, ofTheirs.session.session_id, ofTheirs.run.run_id];
  approval = (await sql<{ id: string }>(PENDING_APPROVAL, asked))[0]?.id ?? '';
  await sql(
    `INSERT INTO run_steers (id, tenant_id, session_id, run_id, ordinal, prompt, status, created_by, author, created_at)
     VALUES ($1, $2, $3, $4, 1, 'Theirs', 'delivered', $5, '{}', now())`,
    [steer, theirs.tenantId, ofTheirs.session.session_id, ofTheirs.run.run_id, theirs.userId],
  );
  await sql(
    `INSERT INTO comments (id, tenant_id, session_id, text, side, tree, path, first_line, code, before, after, created_by, author, created_at)
     VALUES ($1, $2, $3, 'Theirs', 'new', $4, 'README.md', 1, '["The same file"]', '[]', '[]', $5, '{}', now())`,
    [comment, theirs.tenantId, ofTheirs.session.session_id, 'a'.repeat(40), theirs.userId],
  );
  await sql(
    `INSERT INTO evidence (id, tenant_id, session_id, run_id, tree, result, checks, logs, envelope, created_at)
     VALUES ($1, $2, $3, $4, 'x', 'passed', '[]', '["Theirs"]', '{}', now())`,
    [evidence, theirs.tenantId, ofTheirs.session.session_id, ofTheirs.run.run_id],
  );
  const pushed = [theirs.tenantId, ofTheirs.session.session_id, theirs.userId];
  [shipped = shipped] = await sql<typeof shipped>(PUSHED_COMMIT, pushed);
  await sql(MERGED_PULL_REQUEST, pushed);
  await world.call('POST', `/api/forges/${forge}/webhook`, undefined, theirs.headers);
});
afterAll(() => world.destroy());

/** The owner of a new tenant. */
async function ownerOf(name: string): Promise<typeof theirs> {
  const tenantId = await createTenant(world.backend, name);
  const { userId, key: headers } = await createPerson(world.backend, tenantId, 'owner');
  return { tenantId, userId, headers };
}

/** A session on the repository, with a run whose events are archived. The names are the same for every tenant. */
async function doWork({ headers }: Caller): Promise<Work> {
  const post = async <T>(path: string, body: object, key: string) =>
    (await world.call<T>('POST', path, body, { ...headers, [HEADERS.idempotencyKey]: key })).body;
  const session = await post<Session>(
    '/api/sessions',
    { repo_url: repository, title: TITLE },
    'same-session',
  );
  const path = `/api/sessions/${session.session_id}/prompt`;
  const run = await post<Run>(path, { prompt: PROMPT }, 'same-prompt');
  await waitFor(
    async () => {
      const [row] = await sql<{ done: boolean }>(
        `SELECT r.archived_at IS NOT NULL AND s.active_run_id IS NULL
                AND NOT EXISTS (SELECT FROM model_calls WHERE run_id = r.id AND state = 'reserved') AS done
           FROM runs r JOIN sessions s ON s.id = r.session_id WHERE r.id = $1`,
        [run.run_id],
      );
      return row?.done ?? false;
    },
    { what: 'the run to be archived' },
  );
  return { session, run };
}

describe('on one repository, with the same names,', () => {
  const both = () =>
    [
      [mine, ofMine, ofTheirs],
      [theirs, ofTheirs, ofMine],
    ] as const;

  test('each tenant gets what its own idempotency keys stand for', async () => {
    expect(ofMine.session.session_id).not.toBe(ofTheirs.session.session_id);
    expect(ofMine.run.run_id).not.toBe(ofTheirs.run.run_id);
    for (const [caller, own] of both()) {
      expect((await doWork(caller)).run.run_id).toBe(own.run.run_id);
      const headers = { ...caller.headers, [HEADERS.idempotencyKey]: `only-of-${caller.tenantId}` };
      const created = await world.call<Session>('POST', '/api/sessions', { title: TITLE }, headers);
      expect(created.status).toBe(201);
      // The key of this tenant is new to the other one, which may use it for something else.
      const other = {
        ...(caller === mine ? theirs : mine).headers,
        [HEADERS.idempotencyKey]: headers[HEADERS.idempotencyKey],
      };
      const elsewhere = await world.call<Session>('POST', '/api/sessions', { title: 'Another' }, other);
      expect([elsewhere.status, elsewhere.body.title]).toEqual([201, 'Another']);
    }
  });

  test('lists, searches, cursors and usage have the own things only', async () => {
    const rows = await sql<{ id: string; tenant: string }>('SELECT id, tenant_id AS tenant FROM sessions');
    const idsOf = (caller: Caller) =>
      rows.flatMap(({ id, tenant }) => (tenant === caller.tenantId ? [id] : [])).toSorted();
    const ids = ({ items }: SessionPage) => items.map(({ session_id }) => session_id).toSorted();
    for (const [caller, own, other] of both()) {
      expect(ids(await get<SessionPage>(caller, '/api/sessions?limit=100'))).toEqual(idsOf(caller));
      const search = `/api/sessions?q=same&repository=${encodeURIComponent(repository)}`;
      expect(ids(await get<SessionPage>(caller, search))).toEqual([own.session.session_id]);
      const runs = await get<RunPage>(caller, '/api/runs');
      expect(runs.items.map(({ run_id }) => run_id)).toEqual([own.run.run_id]);
      const ofOther = await get<RunPage>(caller, `/api/runs?session_id=${other.session.session_id}`);
      expect(ofOther.items).toEqual([]);
      const usage = await get<TenantUsage>(caller, '/api/usage');
      expect([usage.sessions.live, usage.runs.total]).toEqual([idsOf(caller).length, 1]);
    }
    const page = await get<SessionPage>(theirs, '/api/sessions?limit=1');
    const after = await get<SessionPage>(mine, `/api/sessions?limit=100&cursor=${page.next_cursor}`);
    expect(idsOf(mine)).toEqual(expect.arrayContaining(ids(after)));
    expect(after.items.length).toBeGreaterThan(0);
  });

  test('diffs, items and history are of the own run, and a run of the other is no point to compare with', async () => {
    for (const [caller, own, other] of both()) {
      const diff = `/api/sessions/${own.session.session_id}/diff`;
      expect((await get<Diff>(caller, diff)).files.map(({ path }) => path)).toEqual(['note-1.md']);
      const answerFor = async (run: string) => {
        const query = [`from=${run}`, `to=${run}`];
        return Promise.all(query.map(async (part) => toldBy(await get<object>(caller, `${diff}?${part}`))));
      };
      expect(await answerFor(other.run.run_id)).toEqual(await answerFor(randomUUID()));
      for (const part of ['items', 'history']) {
        const text = JSON.stringify(await get(caller, `/api/runs/${own.run.run_id}/${part}`));
        expect(text).toContain('note-1.md');
        expect(text).not.toContain(other.run.run_id);
      }
    }
  });

  test('streams have the own activities and events only, from their beginning', async () => {
    for (const [caller, own, other] of both()) {
      const { run_id: runId } = own.run;
      const path = `/api/events?after=0&runs=${runId},${other.run.run_id}`;
      const stream = await openSse(world.backend.url + path, { headers: caller.headers });
      await stream.until((events) =>
        ['run.end', 'run.error'].every((type) => events.some(({ event }) => event === type)),
      );
      await stream.until((events) => events.some(({ data }) => data.includes(own.session.session_id)));
      stream.close();
      const errors = stream.events.filter(({ event }) => event === 'run.error');
      expect(errors.map(({ data }) => data)).toEqual([expect.stringContaining('run_not_found')]);
      const rest = stream.events.filter(({ event }) => event !== 'run.error').map(({ data }) => data);
      for (const id of [other.session.session_id, other.run.run_id])
        expect(rest.join('\n')).not.toContain(id);
      const kept = await world.redis.xrange(REDIS_KEYS.activity(caller.tenantId), '-', '+');
      expect(JSON.stringify(kept)).not.toContain(other.session.session_id);
    }
  });

  test('each has a mirror of its own, and its clone borrows from no other', async () => {
    const folders = await readdir(join(world.root, '.mirrors'));
    expect(folders).toHaveLength(2);
    const borrowed = await Promise.all(
      both().map(async ([, { session }]) => {
        const file = join(world.root, session.session_id, 'repo/.git/objects/info/alternates');
        return readFile(file, 'utf8');
      }),
    );
    const used = borrowed.map((text) => folders.filter((folder) => text.includes(folder)));
    expect(used.map(({ length }) => length)).toEqual([1, 1]);
    expect(used[0]).not.toEqual(used[1]);
  });

  test('metrics name no tenant, and nothing of one', async () => {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    const text = await (await fetch(`${world.backend.url}/metrics`, { headers })).text();
    expect(text).toContain('saas_codex_runs_ended_total');
    const names = [ofMine, ofTheirs].flatMap(({ session, run }) => [session.session_id, run.run_id]);
    for (const name of [...names, mine.tenantId, theirs.tenantId, repository, 'Theirs', TITLE]) {
      expect(text).not.toContain(name);
    }
  });
});

interface Operation {
  id: string;
  method: string;
  path: string;
  /** Names of its parameters in the address. */
  path_parameters: string[];
}

/** They take no id and list nothing of a tenant. */
const WITHOUT_ROWS = [
  'readSignInOptions',
  'startOidcSignIn',
  'finishOidcSignIn',
  'startGithubSignIn',
  'finishGithubSignIn',
  'signIn',
  'signInWithPassword',
  'signUp',
  'completeSignUp',
  'requestPasswordReset',
  'completePasswordReset',
  'signOut',
  'readCredentials',
  'updateMe',
  'changePassword',
  'changeEmail',
  'confirmEmail',
  'startSecondFactor',
  'startPasskeySignIn',
  'signInWithPasskey',
  'listPasskeys',
  'startPasskey',
  'createPasskey',
  'confirmSecondFactor',
  'removeSecondFactor',
  'listSignIns',
  'revokeOtherSignIns',
  'readHealth',
  'readReadiness',
  'listEvidenceKeys',
  'readMe',
  'readSystem',
  'createTenant',
  'createInvitation',
  'readScimConfiguration',
  'listScimResourceTypes',
  'listScimSchemas',
  'createScimUser',
  'createApiKey',
  'createSecret',
  'createCredential',
  'connectForge',
  'beginGithubApp',
  // What its state stands for: github-app.spec.ts.
  'convertGithubApp',
  'createRepositoryRule',
  'createSigningKey',
  'createServiceAccount',
  'lookUpInvitation',
  'acceptInvitation',
  'openShareLink',
  // Whoever calls it has no tenant.
  'receiveForgeWebhook',
  // It names no row: git asks with what the caller's own sessions are cloned with (credentials.spec.ts).
  'listRepositoryRefs',
];
/** What these read is the identity's, which the system's role reads: they have their predicates only. */
const OF_PEOPLE = /^\/api\/(me|members|scim|invitations|tenants|api-keys|service-accounts)/;
/** Of those, what the tenant's role changes. */
const CHANGES_OF_PEOPLE = ['updateServiceAccount', 'deleteServiceAccount'];
/** What an operation needs besides the ids in its path. */
const BODIES: Record<string, object> = {
  // The name of a secret that the visitor does not have.
  createSession: { title: 'Taken', secrets: ['SAME_NAME'] },
  updateSession: { title: 'Taken' },
  promptSession: { prompt: 'Note this' },
  rewindSession: { run_id: randomUUID() },
  forkSession: { run_id: randomUUID() },
  revertChanges: { scope: 'all' },
  applyPatch: { patch: 'diff' },
  writeFile: { path: 'a', content: '', tree: 'a'.repeat(40) },
  createCommit: {},
  proposeCommitMessage: {},
  createPush: { commit_id: randomUUID() },
  openPullRequest: { title: 'Taken' },
  startKeepGreen: { max_tries: 1 },
  updatePullRequest: { title: 'Taken' },
  startReview: { target: { type: 'changes' } },
  runChecks: {},
  createShareLink: {},
  updateReviewProgress: { viewed: [{ path: 'taken', content_id: null }] },
  editPrompt: { prompt: 'Note that' },
  steerRun: { prompt: 'Note that too' },
  createComment: {
    path: 'README.md',
    tree: 'a'.repeat(40),
    side: 'new',
    first_line: 1,
    last_line: 1,
    text: 'x',
  },
  sendComments: {},
  updateComment: { resolved: true },
  orderQueue: { run_ids: [randomUUID()] },
  updateMember: { role: 'member' },
  updateTenant: { name: 'Taken' },
  updateLimits: { run: { tokens: null } },
  updateModels: { allowed: null },
  setModelServer: { base_url: `${MODEL_SERVER}/taken` },
  updateSecret: { value: 'a value of the visitor' },
  confirmHostKeys: { fingerprints: ['SHA256:x'] },
  replaceCredential: { token: 'a-token-of-the-visitor' },
  testCredential: { repo_url: 'https://git.example.test/acme/app' },
  updateRepositoryRule: { allow_default_branch: true },
  replaceForgeToken: { token: 'a-token-of-the-visitor' },
  updateServiceAccount: { name: 'Taken' },
  createServiceAccountKey: { name: 'Taken' },
  updatePasskey: { name: 'Taken' },
  setAuditWebhook: WEBHOOK,
  decideApproval: { decision: 'accept' },
  replaceScimUser: { active: false },
  updateScimUser: { Operations: [{ op: 'replace', path: 'active', value: false }] },
};
const QUERIES: Record<string, (ids: Ids) => string> = {
  readFilePatch: () => '?path=note-1.md',
  readFile: () => '?path=note-1.md',
  downloadFile: () => '?path=note-1.md',
  readFileImage: () => '?path=note-1.md',
  searchFiles: () => '?q=note',
  downloadIgnoredFile: () => '?path=note-1.md',
  streamActivity: ({ run_id }) => `?runs=${run_id}`,
  deleteTenant: () => '?name=Theirs',
};
const ID_NAMES = [
  'session_id',
  'run_id',
  'approval_id',
  'steer_id',
  'comment_id',
  'commit_id',
  'push_id',
  'image_id',
  'evidence_id',
  'user_id',
  'invitation_id',
  'tenant_id',
  'key_id',
  'secret_id',
  'credential_id',
  'forge_id',
  'rule_id',
  'sign_in_id',
  'share_link_id',
  'service_account_id',
  'passkey_id',
] as const;
type Ids = Record<(typeof ID_NAMES)[number], string>;
const nobodysIds = () => Object.fromEntries(ID_NAMES.map((name) => [name, randomUUID()])) as Ids;

/** Those of the document that could reach a row, reading ones first and removing ones last. */
function operationsOf(document: OpenAPIObject): Operation[] {
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, { operationId: string }>).map(([method, { operationId: id }]) => ({
      id,
      method: method.toUpperCase(),
      path,
      path_parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => String(name)),
    })),
  );
  const order = ['GET', 'PATCH', 'POST', 'PUT', 'DELETE'];
  return all
    .filter(({ id }) => !WITHOUT_ROWS.includes(id))
    .toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method) || b.path.length - a.path.length);
}

/** An answer without what differs from one request to the next. */
const toldBy = (answer: unknown): string =>
  JSON.stringify(answer)
    .replace(/"request_id":"[^"]*"/g, '')
    // When the own key was used.
    .replace(/"last_used_at":(null|"[^"]*")/g, '')
    .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>');

/** What the visitor is told by every operation about these ids. */
async function answers(ids: Ids): Promise<string[]> {
  const told: string[] = [];
  for (const operation of operations) told.push(`${operation.id}: ${await answer(operation, ids)}`);
  return told;
}

async function answer({ id, method, path, path_parameters }: Operation, ids: Ids): Promise<string> {
  const known: Record<string, string> = ids;
  for (const name of path_parameters) if (!known[name]) throw new Error(`This spec does not know ${name}.`);
  const address =
    path.replace(/\{(\w+)\}/g, (_, name: string) => String(known[name])) + (QUERIES[id]?.(ids) ?? '');
  if (id.startsWith('stream')) {
    const stream = await openSse(world.backend.url + address, { headers: visitor.headers });
    await waitFor(() => stream.closed() || stream.events.length > 0, { what: 'an event or the end' });
    stream.close();
    return toldBy([stream.status, stream.events[0] ?? stream.body()]);
  }
  const body = BODIES[id] && JSON.stringify(BODIES[id]);
  const headers = { ...visitor.headers, 'content-type': 'application/json' };
  const response = await world.backend.fetch(address, { method, headers, ...(body && { body }) });
  const text = await response.text();
  return toldBy([
    response.status,
    /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text,
  ]);
}

/** Every row of the other tenant. */
async function theirRows(): Promise<string> {
  const tables = [
    'sessions',
    'runs',
    'run_events',
    'idempotency_keys',
    'mirror_usage',
    'model_calls',
    'spend_totals',
    'spend_rules',
    'share_links',
    'session_images',
    'evidence',
    'approvals',
    'run_steers',
    'comments',
    'session_commits',
    'session_pushes',
    'pull_requests',
    'secrets',
    'git_credentials',
    'connected_forges',
    'forge_webhooks',
    'repository_rules',
    'audit_webhooks',
    'audit_webhook_entries',
    'members',
    'invitations',
    'service_accounts',
    'scim_users',
  ];
  const rows = await Promise.all(
    tables.map((table) =>
      sql(`SELECT * FROM ${table} t WHERE tenant_id = $1 ORDER BY t::text`, [theirs.tenantId]),
    ),
  );
  const [tenant] = await sql('SELECT * FROM tenants WHERE id = $1', [theirs.tenantId]);
  const keys = await sql('SELECT id, enabled FROM api_keys WHERE reference_id = $1', [theirs.userId]);
  const signIns = await sql('SELECT id FROM user_sessions WHERE user_id = $1', [theirs.userId]);
  const passkeys = await sql('SELECT * FROM passkeys WHERE user_id = $1', [theirs.userId]);
  return JSON.stringify([tenant, keys, signIns, passkeys, rows]);
}

/** They tell the visitor's own doings, so these calls are among them. They must name nothing of the other tenant. */
const OWN_DOINGS = ['listAudit', 'exportAudit'];
async function namesOneOf({ id, path }: Operation, ids: Ids): Promise<boolean> {
  const response = await world.backend.fetch(path + (QUERIES[id]?.(ids) ?? ''), { headers: visitor.headers });
  expect([id, response.status]).toEqual([id, 200]);
  const text = await response.text();
  return Object.values(ids).some((theirId) => text.includes(theirId));
}

/** Calls every operation as the visitor. @returns those that told it, or changed, something of another tenant */
async function reached(): Promise<string[]> {
  const ids: Ids = {
    session_id: ofTheirs.session.session_id,
    run_id: ofTheirs.run.run_id,
    approval_id: approval,
    steer_id: steer,
    comment_id: comment,
    commit_id: shipped.commitId,
    push_id: shipped.pushId,
    image_id: image,
    evidence_id: evidence,
    user_id: theirs.userId,
    invitation_id: invitation,
    tenant_id: theirs.tenantId,
    key_id: apiKey,
    secret_id: secret,
    credential_id: credential,
    forge_id: forge,
    rule_id: repositoryRule,
    sign_in_id: signIn,
    share_link_id: shareLink,
    service_account_id: serviceAccount,
    passkey_id: passkey,
  };
  const found: string[] = [];
  for (const [index, operation] of operations.entries()) {
    const rows = await theirRows();
    const told = `${operation.id}: ${await answer(operation, ids)}`;
    const isTold = OWN_DOINGS.includes(operation.id)
      ? await namesOneOf(operation, ids)
      : told !== before[index];
    if (isTold || (await theirRows()) !== rows) found.push(operation.id);
  }
  return found;
}

/** The first line is off: a repository that states no tenant. */
class OpenRepository<E extends TenantRow> extends TenantRepository<E> {
  protected override owned(
    where: FindOptionsWhere<E> | FindOptionsWhere<E>[] | undefined,
  ): FindOptionsWhere<E>[] {
    return Array.isArray(where) ? where : [where ?? {}];
  }

  override select(alias: string): SelectQueryBuilder<E> {
    return this.tx.manager.createQueryBuilder(this.entity, alias).where('TRUE');
  }
}

/** And statements whose conditions on the tenant are gone. */
function withoutPredicate(tx: TenantTransaction): TenantTransaction {
  const manager = Object.create(tx.manager) as EntityManager;
  manager.query = <T>(statement: string, parameters?: unknown[]) =>
    tx.manager.query<T>(
      statement
        .replace(/(\w\.)?tenant_id = \$1/g, '$$1::text IS NOT NULL')
        .replace('r.tenant_id AS', '$$1::text AS'),
      parameters,
    );
  const of = (entity: Parameters<TenantTransaction['of']>[0]) => new OpenRepository(tx, entity);
  return Object.create(tx, { manager: { value: manager }, of: { value: of } }) as TenantTransaction;
}

async function withoutPredicates(work: () => Promise<void>): Promise<void> {
  const db = world.backend.app.get(TenantDatabase, { strict: false });
  const run = db.run.bind(db);
  db.run = <T>(scope: TenantScope, inner: (tx: TenantTransaction) => Promise<T>) =>
    run(scope, (tx) => inner(scope.tenantId === visitor.tenantId ? withoutPredicate(tx) : tx));
  try {
    await work();
  } finally {
    db.run = run;
  }
}

async function withoutRowSecurity(work: () => Promise<void>): Promise<void> {
  const tables = await sql<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity`,
  );
  for (const { name } of tables) await sql(`ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`);
  try {
    await work();
  } finally {
    for (const { name } of tables) await sql(`ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`);
  }
}

test('every operation that could reach a row gets a request that it accepts', () => {
  // Without a body that fits, nothing would be asked of the database, and the tests below could not fail.
  expect(before.filter((told) => /"(invalid_request|unsupported_media_type)"/.test(told))).toEqual([]);
});

describe('a visitor who knows the ids of another tenant reaches', () => {
  test('nothing', async () => {
    expect(await reached()).toEqual([]);
  });

  test('nothing when only row-level security is there', () =>
    withoutPredicates(async () => expect(await reached()).toEqual([])));

  test('nothing when only the predicates are there', () =>
    withoutRowSecurity(async () => expect(await reached()).toEqual([])));

  test('everything when neither is there', async () => {
    const all = operations
      .filter(({ id, path }) => CHANGES_OF_PEOPLE.includes(id) || !OF_PEOPLE.test(path))
      .map(({ id }) => id);
    await withoutPredicates(() => withoutRowSecurity(async () => expect(await reached()).toEqual(all)));
  });
});
