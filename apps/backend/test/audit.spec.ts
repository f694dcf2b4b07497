import { writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { AuditEntry, AuditPage } from '@saas-codex/contracts/audit';
import { AUDIT_OPERATIONS, auditRuleOf } from '@saas-codex/contracts/audit-operations';
import type { GithubAppForm } from '@saas-codex/contracts/forges';
import type { Me } from '@saas-codex/contracts/identity';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { PENDING_APPROVAL } from '@saas-codex/testing/backend/pending-approval';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, createTenant, signIn, type TestPerson } from '@saas-codex/testing/backend/people';
import { startGithub } from '@saas-codex/testing/forges/github';
import { postManifest } from '@saas-codex/testing/forges/github-manifests';
import type { GithubWorld } from '@saas-codex/testing/forges/github-world';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { waitFor } from '@saas-codex/testing/wait-for';
import { AuditRetention } from '../src/audit/audit-retention.js';
import { AUTH, type Auth } from '../src/identity/better-auth.js';
import { systemContext } from '../src/identity/request-context.js';
import { OneTimeLinks } from '../src/identity/sign-in/one-time-links.js';
import { createSignInToken } from '../src/identity/sign-in-links.js';
import { SessionsService } from '../src/sessions/sessions.service.js';
import { fingerprintOf } from '../src/credentials/ssh-keys.js';
import { Storage } from '../src/workspaces/storage/storage.js';

let backend: TestBackend;
let github: GithubWorld;
let redis: Redis;
let git: GitServer;
let repoUrl: string;
let tenantId: string;
let owner: TestPerson;
/** Everything secret that the requests of this spec carry, or that answers hand out. */
const secrets: string[] = [];
/** What each operation of the table has left, when it was done once. */
const entries = new Map<string, AuditEntry>();

const SECRET = 'canary-';
const secret = (value: string): string => {
  secrets.push(value);
  return value;
};
const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
const link = (kind: 'sign-up' | 'reset-password' | 'change-email', value: string) =>
  backend.app
    .get(OneTimeLinks)
    .issue(kind, value, new Date(Date.now() + 60_000))
    .then(secret);

type Body = Record<string, string>;
/** Sends a request that has to succeed. */
async function send(method: string, path: string, body?: object, as: Body = owner.cookie): Promise<Body> {
  const answer = await fetch(backend.url + path, {
    method,
    headers: {
      ...as,
      origin: backend.url,
      'user-agent': 'spec',
      'content-type': 'application/json',
      prefer: 'respond-async',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  expect([method, path, answer.ok, answer.ok ? '' : text]).toEqual([method, path, true, '']);
  const isJson = /^application\/(scim\+)?json/.test(answer.headers.get('content-type') ?? '');
  return isJson ? (JSON.parse(text) as Body) : {};
}
const list = async (query = '', as: Body = owner.key): Promise<AuditEntry[]> => {
  const answer = await fetch(`${backend.url}/api/audit?limit=100&${query}`, { headers: as });
  return ((await answer.json()) as AuditPage).items;
};

beforeAll(async () => {
  [git, github] = await Promise.all([startGitServer(), startGithub()]);
  repoUrl = await git.createRepository('garden', { 'roses.txt': 'red\n' });
  backend = await startBackend({
    SMTP_URL: 'smtp://127.0.0.1:9',
    SIGN_UP: 'open',
    GIT_TRUSTED_HOSTS: `${git.host},${github.host}`,
  });
  redis = new Redis(backend.config.REDIS_URL);
  tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
  owner = await createPerson(backend, tenantId, 'owner');
  await doEverything();
});
afterAll(async () => {
  redis.disconnect();
  await backend.stop();
  await Promise.all([git.stop(), github.stop()]);
});

/** Makes the session one of a repository that declares checks. */
async function declareChecks(sessionId: string): Promise<void> {
  const history = join(backend.config.WORKSPACES_ROOT, sessionId, 'history.git');
  const git = (input: string, ...args: string[]) =>
    execFileSync('git', [`--git-dir=${history}`, ...args], { input, encoding: 'utf8' }).trim();
  const file = git('checks: [{ name: Test, run: "true" }]', 'hash-object', '-w', '--stdin');
  const folder = git(`100644 blob ${file}\tchecks.yml\n`, 'mktree');
  const tree = git(`040000 tree ${folder}\t.saas-codex\n`, 'mktree');
  await sql('UPDATE sessions SET base_tree = $2 WHERE id = $1', [sessionId, tree]);
}

/** Every operation that leaves an entry, once, in an order in which each succeeds. */
async function doEverything(): Promise<void> {
  const seen = new Set<string>();
  const mine = async (id: string, work: () => Promise<unknown>, tenant = tenantId): Promise<void> => {
    await work();
    const rows = await sql<{ id: string; entry: AuditEntry }>(
      `SELECT id, to_jsonb(e) AS entry FROM audit_entries e WHERE tenant_id = $1 AND outcome = 'done' ORDER BY at, id`,
      [tenant],
    );
    const added = rows.filter((row) => !seen.has(row.id));
    for (const row of rows) seen.add(row.id);
    expect([id, added.map(({ entry }) => entry.action)]).toEqual([id, [auditRuleOf(id)?.action]]);
    const [entry] = added;
    if (entry) entries.set(id, entry.entry);
  };
  /** What was done so far only to prepare the next operation. */
  const passOver = async () => {
    for (const { id } of await sql<{ id: string }>('SELECT id FROM audit_entries')) seen.add(id);
  };
  const password = secret(`${SECRET}password-of-the-spec`);
  const script = `echo ${secret(`${SECRET}script`)}`;
  const member = await createPerson(backend, tenantId, 'member');
  const leaver = await createPerson(backend, tenantId, 'member');
  // The entries that the making of the people has left.
  await passOver();

  const token = secret(await createSignInToken(backend.app.get<Auth>(AUTH), member.email));
  await mine('signIn', () => send('POST', '/api/auth/sign-in', { token }, {}));
  const reset = await link('reset-password', member.userId);
  await mine('completePasswordReset', () =>
    send('POST', '/api/auth/password-reset/complete', { token: reset, password }, {}),
  );
  const signInBody = { email: member.email, password };
  await mine('signInWithPassword', () => send('POST', '/api/auth/sign-in/password', signInBody, {}));
  const browser = await signIn(backend, member.email);
  await passOver();
  await mine('updateMe', () => send('PATCH', '/api/me', { name: 'Renamed' }, browser));
  const next = secret(`${SECRET}next-password`);
  let changed = browser;
  await mine('changePassword', async () => {
    const answer = await fetch(`${backend.url}/api/me/password`, {
      method: 'PUT',
      headers: { ...browser, origin: backend.url, 'content-type': 'application/json' },
      body: JSON.stringify({ current_password: password, password: next }),
    });
    expect(answer.status).toBe(204);
    changed = { cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  });
  const email = `new-${member.email}`;
  await mine('changeEmail', () => send('PUT', '/api/me/email', { email, current_password: next }, changed));
  const confirmation = await link('change-email', JSON.stringify({ userId: member.userId, email }));
  await mine('confirmEmail', () =>
    send('PUT', '/api/me/email/confirmation', { token: confirmation }, changed),
  );
  await mine('revokeOtherSignIns', () => send('DELETE', '/api/me/sign-ins', undefined, changed));
  const other = await signIn(backend, email);
  await passOver();
  const signIns = await send('GET', '/api/me/sign-ins', undefined, changed);
  const [another] = (signIns.items as unknown as { sign_in_id: string; current: boolean }[]).filter(
    ({ current }) => !current,
  );
  await mine('revokeSignIn', () =>
    send('DELETE', `/api/me/sign-ins/${another?.sign_in_id}`, undefined, changed),
  );
  expect(other.cookie).not.toBe('');
  await mine('signOut', () => send('POST', '/api/auth/sign-out', undefined, changed));

  const signUp = await link('sign-up', 'somebody@example.org');
  await send('POST', '/api/auth/sign-up/complete', { token: signUp, name: 'Somebody', password }, {});
  const [created] = await sql<{ tenantId: string }>(
    `SELECT m.tenant_id AS "tenantId" FROM members m JOIN users u ON u.id = m.user_id WHERE u.email = 'somebody@example.org'`,
  );
  await mine('completeSignUp', () => Promise.resolve(), created?.tenantId);

  const scopes = ['sessions:read'];
  let key: Body = {};
  await mine('createApiKey', async () => (key = await send('POST', '/api/api-keys', { name: 'ci', scopes })));
  secret(String(key.key));
  await mine('revokeApiKey', () => send('DELETE', `/api/api-keys/${key.key_id}`));

  let invitation: Body = {};
  const invite = async () => (invitation = await send('POST', '/api/invitations', { role: 'viewer' }));
  await mine('createInvitation', invite);
  secret(tokenOf(invitation));
  const newAccount = { name: 'Invited', email: 'invited@example.org' };
  await mine('acceptInvitation', () =>
    send('POST', '/api/invitations/accept', { token: tokenOf(invitation), new_account: newAccount }, {}),
  );
  await invite();
  await passOver();
  await mine('revokeInvitation', () => send('DELETE', `/api/invitations/${invitation.invitation_id}`));
  await mine('updateMember', () => send('PATCH', `/api/members/${member.userId}`, { role: 'admin' }));
  await mine('resetMemberPassword', () => send('PUT', `/api/members/${member.userId}/password-reset`));
  await mine('removeMember', () => send('DELETE', `/api/members/${member.userId}`));
  await mine('leaveTenant', () => send('POST', `/api/tenants/${tenantId}/leave`, undefined, leaver.cookie));

  const directoryPerson = await createPerson(backend, tenantId, 'member');
  await passOver();
  const scim = '/api/scim/v2/Users';
  await mine('createScimUser', () => send('POST', scim, { userName: 'expected@example.org' }));
  const active = (value: boolean) => ({ Operations: [{ op: 'replace', path: 'active', value }] });
  const known = `${scim}/${directoryPerson.userId}`;
  await mine('updateScimUser', () => send('PATCH', known, active(false)));
  await mine('replaceScimUser', () => send('PUT', known, { active: true }));
  await mine('deleteScimUser', () => send('DELETE', known));

  const bot = { name: 'Nightly', role: 'member' };
  let account: Body = {};
  await mine(
    'createServiceAccount',
    async () => (account = await send('POST', '/api/service-accounts', bot)),
  );
  const botAt = `/api/service-accounts/${account.service_account_id}`;
  await mine('updateServiceAccount', () => send('PATCH', botAt, { role: 'viewer' }));
  let botKey: Body = {};
  await mine(
    'createServiceAccountKey',
    async () => (botKey = await send('POST', `${botAt}/keys`, { name: 'bot' })),
  );
  secret(String(botKey.key));
  await mine('revokeServiceAccountKey', () => send('DELETE', `${botAt}/keys/${botKey.key_id}`));
  await mine('deleteServiceAccount', () => send('DELETE', botAt));

  await mine('updateLimits', () => send('PATCH', '/api/limits', { run: { tokens: 5_000_000 } }));

  let saved: Body = {};
  const value = secret(`${SECRET}value`);
  await mine(
    'createSecret',
    async () => (saved = await send('POST', '/api/secrets', { name: 'NPM', value })),
  );
  const replaced = { value: secret(`${SECRET}other-value`) };
  await mine('updateSecret', () => send('PATCH', `/api/secrets/${saved.secret_id}`, replaced));
  await mine('deleteSecret', () => send('DELETE', `/api/secrets/${saved.secret_id}`));

  const forGit = { host: 'git.example.test', token: secret(`${SECRET}token`) };
  await mine('createCredential', async () => (saved = await send('POST', '/api/credentials', forGit)));
  const forGitAt = `/api/credentials/${saved.credential_id}`;
  await sql(`UPDATE git_credentials SET host_keys = '{ssh-ed25519 AAAA}' WHERE id = $1`, [
    saved.credential_id,
  ]);
  const confirmed = { fingerprints: [fingerprintOf('ssh-ed25519 AAAA')] };
  await mine('confirmHostKeys', () => send('PUT', `${forGitAt}/host-keys`, confirmed));
  const newToken = { token: secret(`${SECRET}other-token`) };
  await mine('replaceCredential', () => send('PATCH', forGitAt, newToken));
  await mine('removeCredential', () => send('DELETE', forGitAt));

  const connected = { kind: 'github', url: 'https://git.example.test', token: secret(`${SECRET}forge`) };
  await mine('connectForge', async () => (saved = await send('POST', '/api/forges', connected)));
  const forgeAt = `/api/forges/${saved.forge_id}`;
  const newForgeToken = { token: secret(`${SECRET}other-forge`) };
  await mine('replaceForgeToken', () => send('PATCH', forgeAt, newForgeToken));
  await mine('createForgeWebhook', () => send('POST', `${forgeAt}/webhook`));
  await mine('disconnectForge', () => send('DELETE', forgeAt));
  const form = (await send('POST', '/api/forges/github-apps', {
    url: github.url,
  })) as unknown as GithubAppForm;
  const given = await postManifest(form);
  secret(given.code);
  secret(given.state);
  const conversions = '/api/forges/github-apps/conversions';
  await mine('convertGithubApp', async () => (saved = await send('POST', conversions, given)));
  await send('DELETE', `/api/forges/${saved.forge_id}`);
  await passOver();

  await mine('createSigningKey', () => send('POST', '/api/signing-key'));
  await mine('removeSigningKey', () => send('DELETE', '/api/signing-key'));
  const covered = { host: 'git.example.test', path: 'acme' };
  await mine(
    'createRepositoryRule',
    async () => (saved = await send('POST', '/api/repository-rules', covered)),
  );
  const ruleAt = `/api/repository-rules/${saved.rule_id}`;
  await mine('updateRepositoryRule', () => send('PATCH', ruleAt, { allow_default_branch: true }));
  await mine('removeRepositoryRule', () => send('DELETE', ruleAt));

  await mine('updateTenant', () => send('PATCH', `/api/tenants/${tenantId}`, { name: 'Workshop' }));
  let tenant: Body = {};
  tenant = await send('POST', '/api/tenants', { name: 'Second' });
  await mine('createTenant', () => Promise.resolve(), tenant.tenant_id);
  await mine('deleteTenant', () =>
    send('DELETE', `/api/tenants/${tenantId}?name=Workshop`, undefined, owner.key),
  );
  await mine('restoreTenant', () => send('POST', `/api/tenants/${tenantId}/restore`, undefined, owner.key));

  const make = { title: 'Mine', setup: { script } };
  let session: Body = {};
  await mine('createSession', async () => (session = await send('POST', '/api/sessions', make)));
  const at = `/api/sessions/${session.session_id}`;
  const patch = { title: 'Ours', network: { mode: 'on' }, setup: { script: `${script} 2` } };
  await mine('updateSession', () => send('PATCH', at, patch));
  let run: Body = {};
  const prompt = secret(`${SECRET}prompt`);
  await mine('promptSession', async () => (run = await send('POST', `${at}/prompt`, { prompt })));
  await mine('editPrompt', () =>
    send('PATCH', `/api/runs/${run.run_id}`, { prompt: secret(`${SECRET}edited-prompt`) }),
  );
  await mine('runNext', () => send('POST', `/api/runs/${run.run_id}/next`));
  await mine('orderQueue', () => send('POST', `${at}/queue`, { run_ids: [run.run_id] }));
  await mine('cancelRun', () => send('POST', `/api/runs/${run.run_id}/cancel`));
  // The run has ended, so this waits in the queue.
  let steer: Body = {};
  const steerPrompt = { prompt: secret(`${SECRET}steer`) };
  await mine(
    'steerRun',
    async () => (steer = await send('POST', `/api/runs/${run.run_id}/steer`, steerPrompt)),
  );
  // A run that works, until the backend finds that no runner has it.
  const working = `UPDATE runs SET status = 'queued', dispatched_at = now(), cancel_requested_at = NULL WHERE id = $1`;
  await mine('sendPromptNow', () =>
    waitFor(async () => {
      await sql(working, [run.run_id]);
      return send('POST', `/api/runs/${steer.queued_run_id}/send-now`).catch(() => null);
    }),
  );
  await sql(`UPDATE runs SET status = 'cancelled' WHERE id = $1`, [run.run_id]);
  const asked = [tenantId, session.session_id, run.run_id];
  const [approval] = await sql<{ id: string }>(PENDING_APPROVAL, asked);
  await mine('decideApproval', () =>
    send('POST', `/api/approvals/${approval?.id}/decision`, {
      decision: 'accept',
      note: secret(`${SECRET}note`),
    }),
  );
  await sql(`UPDATE runs SET status = 'succeeded' WHERE session_id = $1 AND kind = 'setup'`, [
    session.session_id,
  ]);
  await mine('startReview', () =>
    send('POST', `${at}/reviews`, { target: { type: 'custom', instructions: secret(`${SECRET}review`) } }),
  );
  await mine('compactSession', () => send('POST', `${at}/compact`));
  await mine('runSetup', () => send('POST', `${at}/setup`));
  await waitFor(
    async () =>
      (await sql('SELECT FROM sessions WHERE id = $1 AND base_tree IS NOT NULL', [session.session_id]))
        .length > 0,
  );
  await sql(`UPDATE runs SET status = 'cancelled' WHERE session_id = $1`, [session.session_id]);
  await sql(`UPDATE sessions SET status = 'ready', active_run_id = NULL, queued_runs = 0 WHERE id = $1`, [
    session.session_id,
  ]);
  await writeFile(join(String(session.repo_path), 'README.md'), 'a line\n');
  const { to: tree } = await send('GET', `${at}/diff`);
  const lines = { path: 'README.md', tree, side: 'new', first_line: 1, last_line: 1 };
  const remark = { ...lines, text: secret(`${SECRET}comment`) };
  let comment: Body = {};
  await mine('createComment', async () => (comment = await send('POST', `${at}/comments`, remark)));
  const commentAt = `${at}/comments/${comment.comment_id}`;
  await mine('updateComment', () => send('PATCH', commentAt, { resolved: true }));
  await send('PATCH', commentAt, { resolved: false });
  await passOver();
  await mine('sendComments', () => send('POST', `${at}/comments/send`, {}));
  await mine('deleteComment', () => send('DELETE', commentAt));
  await sql(`UPDATE runs SET status = 'cancelled' WHERE session_id = $1`, [session.session_id]);
  await sql(`UPDATE sessions SET active_run_id = NULL, queued_runs = 0 WHERE id = $1`, [session.session_id]);
  await sql(
    `UPDATE runs r SET status = 'succeeded', dispatched_at = now(), tree_before = s.base_tree, tree_after = s.base_tree
       FROM sessions s WHERE r.id = $1 AND s.id = r.session_id`,
    [run.run_id],
  );
  await declareChecks(session.session_id as string);
  await mine('runChecks', () => send('POST', `${at}/checks`, {}));
  await sql(`UPDATE runs SET status = 'cancelled' WHERE session_id = $1 AND kind = 'check'`, [
    session.session_id,
  ]);
  await sql('UPDATE sessions SET queued_runs = 0 WHERE id = $1', [session.session_id]);
  const target = { run_id: run.run_id };
  await sql('UPDATE sessions SET thread_id = id WHERE id = $1', [session.session_id]);
  await mine('forkSession', () => send('POST', `${at}/fork`, target));
  await mine('rewindSession', () => send('POST', `${at}/rewind`, target));
  await sql(`UPDATE sessions SET rewind = jsonb_set(rewind, '{status}', '"rewound"') WHERE id = $1`, [
    session.session_id,
  ]);
  await mine('undoRewind', () => send('POST', `${at}/rewind/undo`));
  await sql('UPDATE sessions SET rewind = NULL WHERE id = $1', [session.session_id]);
  const { to } = await send('GET', `${at}/diff`);
  await mine('writeFile', () => send('PUT', `${at}/files`, { path: 'new.md', content: 'a', tree: to }));
  const added = '--- /dev/null\n+++ b/other.md\n@@ -0,0 +1 @@\n+a\n';
  await mine('applyPatch', () => send('POST', `${at}/patches`, { patch: added }));
  // As if an agent had added a file.
  const repo = backend.app.get(Storage, { strict: false }).repoPath(String(session.session_id));
  await writeFile(join(repo, 'added.md'), 'a');
  await mine('revertChanges', () => send('POST', `${at}/reverts`, { scope: 'all' }));
  await sql('UPDATE sessions SET repo_url = $2 WHERE id = $1', [session.session_id, repoUrl]);
  await mine('updateFromBase', () => send('POST', `${at}/updates`));
  await writeFile(
    join(backend.config.WORKSPACES_ROOT, String(session.session_id), 'repo', 'new.txt'),
    'new\n',
  );
  let commit: Body = {};
  await mine('createCommit', async () => (commit = await send('POST', `${at}/commits`, {})));
  await mine('proposeCommitMessage', () => send('POST', `${at}/commits/proposals`, {}));
  await sql('UPDATE sessions SET repo_url = $2 WHERE id = $1', [
    session.session_id,
    'https://git.example.test/app',
  ]);
  await mine('createPush', () => send('POST', `${at}/pushes`, { commit_id: commit.commit_id }));
  await sql(
    `UPDATE session_pushes SET status = 'pushed', pushed_at = now(), retry_at = NULL WHERE session_id = $1`,
    [session.session_id],
  );
  const forShipping = { kind: 'github', url: 'https://git.example.test', token: 'a-token-of-the-spec' };
  const { forge_id: forgeId } = await send('POST', '/api/forges', forShipping);
  await passOver();
  await mine('openPullRequest', () => send('POST', `${at}/pull-request`, { title: 'Say hello' }));
  await mine('updatePullRequest', () => send('PATCH', `${at}/pull-request`, { title: 'Say hi' }));
  await mine('startKeepGreen', () => send('PUT', `${at}/pull-request/keep-green`, { max_tries: 1 }));
  await mine('stopKeepGreen', () => send('DELETE', `${at}/pull-request/keep-green`));
  await send('DELETE', `/api/forges/${forgeId}`);
  await passOver();
  await mine('resetHome', () => send('DELETE', `${at}/home`));
  let shared: Body = {};
  await mine('createShareLink', async () => (shared = await send('POST', `${at}/share-links`, {})));
  await send('POST', '/api/share-links/open', { token: secret(tokenOf(shared)) }, {});
  await waitFor(async () => (await list('action=share_link.opened')).length > 0);
  await passOver();
  await mine('revokeShareLink', () => send('DELETE', `${at}/share-links/${shared.share_link_id}`));
  await mine('deleteSession', () => send('DELETE', at));
  await mine('updateModels', () => send('PATCH', '/api/models', { allowed: ['gpt-5'] }));
  const server = { base_url: 'https://93.184.216.34/v1', key: secret(`${SECRET}model-key`) };
  await mine('setModelServer', () => send('PUT', '/api/models/server', server));
  await mine('removeModelServer', () => send('DELETE', '/api/models/server'));
  await mine('exportAudit', () => send('GET', '/api/audit/export?format=ndjson'));
  const hook = {
    url: 'https://127.0.0.1:9/token-of-the-receiver',
    secret: secret(`whsec_${'c3BlYy0x'.repeat(4)}`),
  };
  secret('token-of-the-receiver');
  await mine('setAuditWebhook', () => send('PUT', '/api/audit/webhook', hook));
  await mine('removeAuditWebhook', () => send('DELETE', '/api/audit/webhook'));
}

/** An invitation's link has its secret in the fragment. */
const tokenOf = ({ link: address }: Body): string => {
  const { hash } = new URL(String(address));
  return hash.slice(1).replace(/^token=/, '');
};

describe('an operation that changes something', () => {
  it('is in the table of what the audit log keeps', async () => {
    const document = (await (await fetch(`${backend.url}/api/openapi.json`)).json()) as OpenAPIObject;
    const operations = Object.values(document.paths).flatMap((item) =>
      Object.entries(item as Record<string, { operationId: string }>).map(
        ([method, { operationId: id }]) => ({
          method,
          id,
        }),
      ),
    );
    const missing = operations.filter(({ method, id }) => method !== 'get' && !AUDIT_OPERATIONS[id]);
    expect(missing.map(({ id }) => id)).toEqual([]);
    const known = operations.map(({ id }) => id);
    expect(Object.keys(AUDIT_OPERATIONS).filter((id) => !known.includes(id))).toEqual([]);
  });

  it('leaves one entry, each of those in the table', () => {
    const recorded = Object.keys(AUDIT_OPERATIONS).filter((id) => auditRuleOf(id));
    // What takes a provider, an authenticator or an app for codes is in `oidc`, `passkeys` and `second-factor`.
    const elsewhere = [
      'finishOidcSignIn',
      'finishGithubSignIn',
      'signInWithPasskey',
      'createPasskey',
      'updatePasskey',
      'removePasskey',
      'confirmSecondFactor',
      'removeSecondFactor',
      'resetMemberSecondFactor',
    ];
    expect([...entries.keys(), ...elsewhere].toSorted()).toEqual(recorded.toSorted());
  });

  it('leaves who did it, with what, from where, and what has changed', async () => {
    const [role] = await list('action=member.role_changed');
    const [signInRow] = await sql<{ id: string }>('SELECT id FROM user_sessions WHERE user_id = $1', [
      owner.userId,
    ]);
    expect(role).toEqual({
      entry_id: expect.any(String),
      at: expect.any(String),
      action: 'member.role_changed',
      outcome: 'done',
      problem: null,
      count: 1,
      actor: { kind: 'person', id: owner.userId, name: 'The owner' },
      credential: { kind: 'cookie', id: signInRow?.id, name: null },
      address: expect.stringContaining('127.0.0.1'),
      user_agent: 'spec',
      request_id: expect.any(String),
      target: { kind: 'member', id: expect.any(String), name: 'Renamed' },
      changes: { role: { old: 'member', new: 'admin' } },
    });
    const [session] = await list('action=session.updated');
    expect(session).toMatchObject({
      target: { kind: 'session', name: 'Mine' },
      changes: {
        title: { old: 'Mine', new: 'Ours' },
        network: { old: { mode: 'off' }, new: { mode: 'on' } },
        setup: { old: 'a script', new: 'another script' },
      },
    });
    const [removed] = await list('action=member.removed');
    expect(removed?.target?.name).toBe('Renamed');
    const [joined] = await list('action=member.joined');
    expect(joined).toMatchObject({ actor: { name: 'Invited' }, credential: { kind: 'one_time_link' } });
    const [secretChanged] = await list('action=secret.updated');
    expect(secretChanged).toMatchObject({
      target: { name: 'NPM' },
      changes: { value: { old: null, new: 'a new value' } },
    });
    expect((await list('action=secret.deleted'))[0]?.target?.name).toBe('NPM');
    const [renamed] = await list('action=tenant.renamed');
    expect(renamed?.changes).toEqual({ name: { old: 'Personal', new: 'Workshop' } });
  });

  it('says which link somebody without an account has opened, and to what', async () => {
    const [made] = await list('action=share_link.created');
    const [opened] = await list('action=share_link.opened');
    const [session] = await list('action=session.created');
    expect(opened).toMatchObject({
      actor: { kind: 'visitor', id: null },
      credential: { kind: 'share_link', id: made?.target?.id },
      target: { kind: 'session', id: session?.target?.id },
    });
  });

  it('names the API key that it was done with', async () => {
    await send('PATCH', `/api/tenants/${tenantId}`, { name: 'Personal' }, owner.key);
    const [entry] = await list('action=tenant.renamed');
    expect(entry?.credential).toEqual({ kind: 'api_key', id: owner.keyId, name: 'spec' });
  });

  it('leaves one entry for a request that is repeated with its Idempotency-Key', async () => {
    const as = { ...owner.key, 'idempotency-key': 'audit-once' };
    const [first, again] = [
      await send('POST', '/api/sessions', { title: 'Once' }, as),
      await send('POST', '/api/sessions', { title: 'Once' }, as),
    ];
    expect(again).toEqual(first);
    expect(await list(`target=${first.session_id}`)).toHaveLength(1);
  });

  it('of an account is in the log of every tenant of the person', async () => {
    const other = await createTenant(backend, 'Also');
    await sql(
      `INSERT INTO members (id, tenant_id, user_id, role, created_at) VALUES (gen_random_uuid(), $1, $2, 'member', now())`,
      [other, owner.userId],
    );
    await send('PATCH', '/api/me', { name: 'The owner!' });
    const rows = await sql<{ tenant: string }>(
      `SELECT tenant_id AS tenant FROM audit_entries WHERE actor_id = $1 AND action = 'account.renamed' ORDER BY tenant_id = $2`,
      [owner.userId, tenantId],
    );
    const own = (
      await sql<{ id: string }>('SELECT tenant_id AS id FROM members WHERE user_id = $1', [owner.userId])
    ).map(({ id }) => id);
    expect(rows.map(({ tenant }) => tenant).toSorted()).toEqual(own.toSorted());
    expect(own).toContain(other);
  });

  it('leaves no title of a private session', async () => {
    const { session_id: id } = await send('POST', '/api/sessions', {
      title: 'Hidden',
      visibility: 'private',
    });
    await send('PATCH', `/api/sessions/${id}`, { title: 'Hidden, too' });
    await send('DELETE', `/api/sessions/${id}`);
    const left = await list(`target=${id}`);
    expect(left.map(({ action }) => action)).toEqual([
      'session.deleted',
      'session.updated',
      'session.created',
    ]);
    expect(JSON.stringify(left)).not.toContain('Hidden');
  });

  it('leaves an entry of the system when nobody asked for it', async () => {
    const { session_id: id } = await send('POST', '/api/sessions', { title: 'Idle' });
    await sql(`UPDATE sessions SET status = 'ready' WHERE id = $1`, [id]);
    const before = new Date(Date.now() + 60_000);
    await backend.app
      .get(SessionsService, { strict: false })
      .archiveIdle(systemContext('retention', tenantId), String(id), before);
    expect(await list('actor=system:retention')).toMatchObject([
      {
        action: 'session.archived',
        actor: { kind: 'system' },
        credential: null,
        target: { id, name: 'Idle' },
      },
    ]);
  });

  it('leaves nothing secret: no password, token, key, prompt or script', async () => {
    const [{ dump }] = (await sql<{ dump: string }>(
      `SELECT string_agg(e::text, E'\\n') AS dump FROM audit_entries e`,
    )) as [{ dump: string }];
    const stream = JSON.stringify(await redis.xrange(REDIS_KEYS.audit(tenantId), '-', '+'));
    expect(secrets.length).toBeGreaterThan(9);
    for (const value of [...secrets, SECRET]) {
      expect(dump).not.toContain(value);
      expect(stream).not.toContain(value);
    }
  });
});

describe('a change and its entry', () => {
  const raw = async (method: string, path: string, body?: object, headers: Body = {}) => {
    const answer = await fetch(backend.url + path, {
      method,
      headers: { ...owner.key, 'content-type': 'application/json', prefer: 'respond-async', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Body };
  };

  it('are there together or not at all, but for what the identity library changes', async () => {
    const value = 'a value of the spec';
    const { secret_id: secretId } = await send('POST', '/api/secrets', { name: 'KEPT', value });
    const forGit = { host: 'git.example.test', token: 'a-token-of-the-spec' };
    const { credential_id: credentialId } = await send('POST', '/api/credentials', forGit);
    const connected = { kind: 'github', url: 'https://git.example.test', token: 'a-token-of-the-spec' };
    const { forge_id: forgeId } = await send('POST', '/api/forges', connected);
    await send('POST', '/api/signing-key');
    const covered = { host: 'git.example.test', path: 'kept' };
    const { rule_id: ruleId } = await send('POST', '/api/repository-rules', covered);
    const { service_account_id: accountId } = await send('POST', '/api/service-accounts', {
      name: 'Kept',
      role: 'viewer',
    });
    const hook = { url: 'https://127.0.0.1:9/kept' };
    await send('PUT', '/api/audit/webhook', hook);
    const server = { base_url: 'https://1.1.1.1/v1', key: 'a-key-of-the-spec' };
    await send('PUT', '/api/models/server', server);
    const person = await createPerson(backend, tenantId, 'member');
    const [invitation, taken] = [
      await send('POST', '/api/invitations', { role: 'viewer' }),
      await send('POST', '/api/invitations', { role: 'viewer' }),
    ];
    const newAccount = { name: 'Lost', email: 'lost@example.org' };
    const { id: expectedId } = await send('POST', '/api/scim/v2/Users', { userName: 'kept@example.org' });
    const botKey = await send('POST', `/api/service-accounts/${accountId}/keys`, { name: 'kept' });
    const tables = [
      'secrets',
      'git_credentials',
      'connected_forges',
      'repository_rules',
      'service_accounts',
      'spend_rules',
      'audit_webhooks',
      'members',
      'invitations',
      'scim_users',
    ];
    const state = async () =>
      JSON.stringify(
        await Promise.all([
          ...tables.map((table) =>
            sql(`SELECT * FROM ${table} t WHERE tenant_id = $1 ORDER BY t::text`, [tenantId]),
          ),
          ...['tenants', 'api_keys', 'users'].map((table) =>
            sql(`SELECT id, name FROM ${table} ORDER BY id`),
          ),
          sql('SELECT id FROM tenants WHERE deleted_at IS NOT NULL ORDER BY id'),
        ]),
      );
    await waitFor(async () => (await sql('SELECT FROM audit_webhooks WHERE failures > 0')).length > 0);
    await sql(`UPDATE audit_webhooks SET next_attempt_at = now() + interval '1 day'`);
    const inactive = { Operations: [{ op: 'replace', path: 'active', value: false }] };
    const [{ name: tenantName } = { name: '' }] = await sql<{ name: string }>(
      'SELECT name FROM tenants WHERE id = $1',
      [tenantId],
    );
    const before = await state();
    await sql(`ALTER TABLE audit_entries ADD CONSTRAINT spec CHECK (action = 'spec') NOT VALID`);
    try {
      for (const [method, path, body] of [
        ['POST', '/api/secrets', { name: 'LOST', value }],
        ['PATCH', `/api/secrets/${secretId}`, { name: 'LOST' }],
        ['DELETE', `/api/secrets/${secretId}`],
        ['POST', '/api/credentials', { ...forGit, path: 'lost' }],
        ['PATCH', `/api/credentials/${credentialId}`, { token: 'another-token-of-the-spec' }],
        ['DELETE', `/api/credentials/${credentialId}`],
        ['POST', '/api/forges', { ...connected, url: 'https://lost.example.test' }],
        ['PATCH', `/api/forges/${forgeId}`, { token: 'another-token-of-the-spec' }],
        ['DELETE', `/api/forges/${forgeId}`],
        ['POST', '/api/signing-key'],
        ['DELETE', '/api/signing-key'],
        ['POST', '/api/repository-rules', { ...covered, path: 'lost' }],
        ['PATCH', `/api/repository-rules/${ruleId}`, { allow_default_branch: true }],
        ['DELETE', `/api/repository-rules/${ruleId}`],
        ['POST', '/api/service-accounts', { name: 'Lost', role: 'viewer' }],
        ['PATCH', `/api/service-accounts/${accountId}`, { name: 'Lost' }],
        ['DELETE', `/api/service-accounts/${accountId}`],
        ['PATCH', '/api/limits', { run: { tokens: 77 } }],
        ['PATCH', '/api/models', { allowed: ['lost'] }],
        ['PUT', '/api/models/server', { ...server, key: 'another-key-of-the-spec' }],
        ['DELETE', '/api/models/server'],
        ['PUT', '/api/audit/webhook', { url: 'https://127.0.0.1:9/lost' }],
        ['DELETE', '/api/audit/webhook'],
        ['PATCH', `/api/members/${person.userId}`, { role: 'admin' }],
        ['DELETE', `/api/members/${person.userId}`],
        ['POST', '/api/invitations', { role: 'viewer' }],
        ['DELETE', `/api/invitations/${invitation.invitation_id}`],
        ['POST', '/api/invitations/accept', { token: tokenOf(taken), new_account: newAccount }],
        ['PATCH', `/api/scim/v2/Users/${expectedId}`, inactive],
        ['PATCH', `/api/scim/v2/Users/${person.userId}`, inactive],
        ['POST', '/api/scim/v2/Users', { userName: 'lost@example.org' }],
        ['DELETE', `/api/scim/v2/Users/${expectedId}`],
        ['DELETE', `/api/service-accounts/${accountId}/keys/${botKey.key_id}`],
        ['POST', '/api/tenants', { name: 'Lost' }],
        ['PATCH', `/api/tenants/${tenantId}`, { name: 'Lost' }],
        ['DELETE', `/api/tenants/${tenantId}?name=${tenantName}`],
        ['POST', `/api/tenants/${tenantId}/leave`],
      ] as [string, string, object?][])
        expect([method, path, (await raw(method, path, body)).status]).toEqual([method, path, 500]);
      expect(await state()).toBe(before);
    } finally {
      await sql('ALTER TABLE audit_entries DROP CONSTRAINT spec');
    }
    await send('DELETE', '/api/audit/webhook');
    await send('DELETE', '/api/models/server');
  });

  it('are there once, also when a request comes again after its backend has crashed', async () => {
    const twice = async (path: string, body: object, id: string, action: string) => {
      const key = `spec-${action}`;
      const first = await raw('POST', path, body, { 'idempotency-key': key });
      await sql(`UPDATE idempotency_keys SET answer = NULL, claimed_at = 'epoch' WHERE key = $1`, [key]);
      const again = await raw('POST', path, body, { 'idempotency-key': key });
      expect([action, again.body[id]]).toEqual([action, first.body[id]]);
      expect([action, (await list(`target=${first.body[id]}&action=${action}`)).length]).toEqual([action, 1]);
      return first.body;
    };
    const value = 'a value of the spec';
    await twice('/api/secrets', { name: 'TWICE', value }, 'secret_id', 'secret.created');
    const forGit = { host: 'git.example.test', path: 'twice', token: 'a-token-of-the-spec' };
    await twice('/api/credentials', forGit, 'credential_id', 'git_credential.created');
    const connected = { kind: 'github', url: 'https://twice.example.test', token: 'a-token-of-the-spec' };
    await twice('/api/forges', connected, 'forge_id', 'forge.connected');
    await twice(
      '/api/repository-rules',
      { host: 'twice.example.test' },
      'rule_id',
      'repository_rule.created',
    );
    const account = { name: 'Twice', role: 'viewer' };
    await twice('/api/service-accounts', account, 'service_account_id', 'service_account.created');
    const session = await twice('/api/sessions', { title: 'Twice' }, 'session_id', 'session.created');
    const path = `/api/sessions/${session.session_id}/prompt`;
    await twice(path, { prompt: 'Do it' }, 'run_id', 'run.prompted');
    await twice('/api/invitations', { role: 'viewer' }, 'invitation_id', 'invitation.created');
    await twice('/api/scim/v2/Users', { userName: 'twice@example.org' }, 'id', 'scim_user.created');
  });

  it('says what limits and models were, and what they are', async () => {
    await send('PATCH', '/api/limits', { tenant: { queued_runs: 70 } });
    await send('PATCH', '/api/limits', { tenant: { queued_runs: 80 } });
    expect((await list('action=limits.updated'))[0]?.changes).toEqual({
      tenant: { old: { queued_runs: 70 }, new: { queued_runs: 80 } },
    });
    await send('PATCH', '/api/models', { allowed: null });
    expect((await list('action=models.updated'))[0]?.changes).toEqual({
      allowed: { old: ['gpt-5'], new: null },
    });
  });
});

describe('a refused attempt', () => {
  it('leaves one entry at once, and one for the rest of the minute', async () => {
    const viewer = await createPerson(backend, tenantId, 'viewer');
    const attempt = async () =>
      (await fetch(`${backend.url}/api/members/${owner.userId}`, { method: 'DELETE', headers: viewer.key }))
        .status;
    const found = () => list(`actor=${viewer.userId}&outcome=refused`);
    expect(await attempt()).toBe(403);
    await waitFor(async () => (await found()).length > 0);
    for (let i = 0; i < 5; i += 1) expect(await attempt()).toBe(403);
    expect(await found()).toMatchObject([
      {
        action: 'access.refused',
        problem: 'forbidden',
        count: 1,
        actor: { kind: 'person', name: 'The viewer' },
        target: { kind: 'operation', id: 'removeMember' },
      },
    ]);
  });

  it('to sign in is in the log of the account that was meant, and one for an unknown account in none', async () => {
    const before = await sql<{ n: string }>('SELECT count(*) AS n FROM audit_entries');
    const attempt = async (email: string) =>
      (
        await fetch(`${backend.url}/api/auth/sign-in/password`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email, password: secret(`${SECRET}guess`) }),
        })
      ).status;
    expect(await attempt('nobody@example.org')).toBe(401);
    expect(await attempt(owner.email)).toBe(401);
    const refused = () => list('action=account.sign_in_refused');
    await waitFor(async () => (await refused()).length > 0);
    expect(await refused()).toMatchObject([
      {
        problem: 'credentials_invalid',
        actor: { kind: 'visitor', id: null, name: null },
        credential: { kind: 'password' },
        target: { kind: 'account', id: owner.userId },
      },
    ]);
    const rows = await sql<{ target: string }>(
      `SELECT DISTINCT target_id AS target FROM audit_entries WHERE action = 'account.sign_in_refused'`,
    );
    expect(rows).toEqual([{ target: owner.userId }]);
    expect(before).toHaveLength(1);
  });
});

describe('the audit log', () => {
  it('is read page by page, and filtered by actor, action, target, outcome and time', async () => {
    const all = await list();
    const paged: AuditEntry[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer = await fetch(`${backend.url}/api/audit?limit=7${cursor && `&cursor=${cursor}`}`, {
        headers: owner.key,
      });
      const page = (await answer.json()) as AuditPage;
      paged.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(paged.slice(0, all.length)).toEqual(all);
    expect(new Set(paged.map(({ entry_id: id }) => id)).size).toBe(paged.length);
    const ofMembers = await list('action=member');
    expect(ofMembers.length).toBeGreaterThan(3);
    expect(ofMembers.every(({ action }) => action.startsWith('member.'))).toBe(true);
    expect(ofMembers).toEqual(paged.filter(({ action }) => action.startsWith('member.')));
    const [one] = ofMembers as [AuditEntry];
    expect(await list(`from=${one.at}`)).toEqual(paged.filter(({ at }) => at >= one.at).slice(0, 100));
    expect(await list(`to=${one.at}`)).toEqual(paged.filter(({ at }) => at < one.at).slice(0, 100));
    expect(await list('outcome=refused')).toEqual(paged.filter(({ outcome }) => outcome === 'refused'));
    expect((await fetch(`${backend.url}/api/audit?action=a%25`, { headers: owner.key })).status).toBe(400);
  });

  it('is exported as NDJSON and as CSV, in which no cell is a formula', async () => {
    await send('POST', '/api/sessions', { title: '=1+"1"' });
    const read = async (format: string, type: string) => {
      const answer = await fetch(`${backend.url}/api/audit/export?format=${format}&action=session`, {
        headers: owner.key,
      });
      expect(answer.headers.get('content-disposition')).toBe(`attachment; filename=audit-log.${format}`);
      expect(answer.headers.get('content-type')).toBe(type);
      return answer.text();
    };
    const lines = (await read('ndjson', 'application/x-ndjson')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as AuditEntry)).toEqual(await list('action=session'));
    const [head, first] = (await read('csv', 'text/csv; charset=utf-8')).split('\r\n');
    expect(head).toMatch(/^at,action,outcome,/);
    expect(first).toContain(`,"'=1+""1""",`);
  });

  it('is a bounded Redis stream for each tenant, too', async () => {
    const key = REDIS_KEYS.audit(tenantId);
    const [newest] = await list();
    const streamed = await waitFor(async () => {
      const events = (await redis.xrange(key, '-', '+')).map(([, fields]) => fields);
      return events.some((fields) => fields.includes(JSON.stringify(newest))) ? events : null;
    });
    expect(streamed.map(([, type]) => type)).toContain('member.role_changed');
    expect(await redis.ttl(key)).toBeGreaterThan(0);
  });

  it('shows each tenant its own entries only', async () => {
    const other = await createPerson(backend, await createTenant(backend, 'Other'), 'owner');
    const theirs = await list('', other.key);
    expect(theirs.map(({ actor }) => actor.id)).toEqual([other.userId]);
    const exported = await fetch(`${backend.url}/api/audit/export?format=ndjson`, { headers: other.key });
    expect(await exported.text()).not.toContain(owner.userId);
  });

  it('loses entries by retention only: what is older than the setting and than 30 days, or of a tenant that is gone', async () => {
    const add = (id: string, tenant: string, days: number) =>
      sql(
        `INSERT INTO audit_entries (id, tenant_id, at, action, outcome, count, actor_kind)
         VALUES ($1, $2, now() - make_interval(days => $3), 'spec.aged', 'done', 1, 'system')`,
        [id, tenant, days],
      );
    const uuid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
    await add(uuid(1), tenantId, 1);
    await add(uuid(2), tenantId, 40);
    await add(uuid(3), tenantId, 400);
    await add(uuid(4), 'gone', 0);
    const sweep = async (days: number) => {
      const retention = new AuditRetention({ AUDIT_RETENTION_DAYS: days }, backend.app.get(DataSource));
      await (
        await retention.scanNow()
      ).settled;
      const rows = await sql<{ id: string }>(
        `SELECT id FROM audit_entries WHERE action = 'spec.aged' ORDER BY id`,
      );
      return rows.map(({ id }) => id);
    };
    expect(await sweep(0)).toEqual([uuid(1), uuid(2), uuid(3)]);
    expect(await sweep(365)).toEqual([uuid(1), uuid(2)]);
    expect(await sweep(1)).toEqual([uuid(1)]);
  });
});
