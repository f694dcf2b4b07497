import type { SessionImage } from '@saas-codex/contracts/images';
import type { Me } from '@saas-codex/contracts/identity';
import type { Invitation } from '@saas-codex/contracts/members';
import { type Permission, type Role, ROLES } from '@saas-codex/contracts/permissions';
import type { Run } from '@saas-codex/contracts/runs';
import type { Credential } from '@saas-codex/contracts/credentials';
import type { Forge } from '@saas-codex/contracts/forges';
import type { RepositoryRule } from '@saas-codex/contracts/repository-rules';
import type { Secret } from '@saas-codex/contracts/secrets';
import type { Session } from '@saas-codex/contracts/sessions';
import type { CreatedShareLink } from '@saas-codex/contracts/sharing';
import { SystemDatabase } from '../../../../apps/backend/src/database/system-database.js';
import { AUTH, type Auth } from '../../../../apps/backend/src/identity/better-auth.js';
import { RetentionReconciler } from '../../../../apps/backend/src/retention/retention-reconciler.js';
import { SAMPLE_IMAGES } from '../sample-images.js';
import { AuditWebhookDeliverer } from '../../../../apps/backend/src/webhooks/audit-webhook-deliverer.js';
import { waitFor } from '../wait-for.js';
import { startBackend, type TestBackend } from './backend.js';
import { type Ids, NOTHING, NOWHERE, type Operation, OPERATIONS } from './operations.js';
import { MERGED_PULL_REQUEST } from './merged-pull-request.js';
import { PENDING_APPROVAL } from './pending-approval.js';
import { PUSHED_COMMIT } from './pushed-commit.js';
import { createPerson, createServiceAccount, type TestPerson } from './people.js';
import { startSilentRunner } from './silent-runner.js';

/** Is in the title and the prompt of our session, in our secret and in our passkey. */
export const MARK = 'Secret plan of the first tenant';

type Headers = Record<string, string>;
interface Document {
  paths: Record<string, Record<string, { operationId: string }>>;
}
type Answer = [status: number, code: string | null, text: string];

/** No run starts: each waits in the queue until it is cancelled, however long a spec takes. */
const NO_RUNS = { DEFAULT_LIMITS: 'tenant.concurrent_runs=0', RESERVED_RUN_PLACES: '0' };
/** Nothing may ask a host beyond this machine. */
const MODEL_HOSTS = { MODEL_TRUSTED_HOSTS: NOWHERE };

/** Work that the backend still has to do, and that changes rows. */
const UNSETTLED = `
  SELECT s.id FROM sessions s WHERE s.status = 'provisioning' OR s.deleted_at IS NOT NULL
  UNION ALL
  SELECT r.id FROM runs r JOIN sessions s ON s.tenant_id = r.tenant_id AND s.id = r.session_id
   WHERE CASE WHEN r.ended_at IS NULL THEN r.cancel_requested_at IS NOT NULL OR s.status IN ('failed', 'archived')
              ELSE r.archived_at IS NULL END
  UNION ALL
  SELECT p.session_id FROM pull_requests p JOIN tenants t ON t.id = p.tenant_id AND t.deleted_at IS NULL WHERE p.next_at <= now()`;

/** Evidence of a session ($2) whose log is $4. */
const SOME_EVIDENCE = `
  INSERT INTO evidence (id, tenant_id, session_id, run_id, tree, result, checks, logs, envelope, created_at)
  VALUES (gen_random_uuid(), $1, $2, $3, repeat('a', 40), 'passed', '[]', jsonb_build_array($4::text),
          '{"payloadType": "x", "payload": "", "signatures": []}', now()) RETURNING id`;

/** Tables that a mere attempt may write to. */
export const ATTEMPTS = [
  'user_sessions',
  'api_keys',
  'verifications',
  'audit_entries',
  'audit_webhook_entries',
];

/**
 * A backend with a person of each role and one thing of each kind (`ours`), and the ways to call every operation of its
 * OpenAPI document.
 *
 * A caller's request must be the only thing that changes a row, or `everything()` could not prove that a refused one has
 * changed nothing. So a runner takes each session at once, no run starts, and nothing is measured.
 */
export class OperationsWorld {
  private people = new Map<Role, TestPerson>();
  operations: Operation[];
  tenantId: string;
  ours: Ids;

  private constructor(
    readonly backend: TestBackend,
    private readonly runner: Awaited<ReturnType<typeof startSilentRunner>>,
  ) {}

  static async start(): Promise<OperationsWorld> {
    const runner = await startSilentRunner();
    const world = new OperationsWorld(
      await startBackend({ ...NO_RUNS, ...MODEL_HOSTS, RUNNER_URL: runner.url }),
      runner,
    );
    const { backend } = world;
    // They measure each new session, and deliver the audit log, at times of their own.
    await backend.app.get(RetentionReconciler, { strict: false }).onModuleDestroy();
    await backend.app.get(AuditWebhookDeliverer, { strict: false }).onModuleDestroy();
    world.operations = operationsOf((await (await backend.fetch('/api/openapi.json')).json()) as Document);
    world.tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
    const { people, ids } = await world.populate(world.tenantId, MARK);
    world.people = people;
    world.ours = ids;
    return world;
  }

  async stop(): Promise<void> {
    await this.backend.stop();
    this.runner.stop();
  }

  /** As the owner of the tables. */
  async sql<T>(statement: string, parameters: unknown[] = []): Promise<T[]> {
    const { rows } = await this.backend.app.get(SystemDatabase).pool.query(statement, parameters);
    return rows as T[];
  }

  person(role: Role): TestPerson {
    const found = this.people.get(role);
    if (!found) throw new Error(`There is no ${role}.`);
    return found;
  }

  operation(id: string): Operation {
    const found = this.operations.find((each) => each.id === id);
    if (!found) throw new Error(`There is no operation ${id}.`);
    return found;
  }

  /** @param scopes default: all that the person may do. @returns headers that identify a new API key of the person */
  async createKey({ userId }: TestPerson, scopes?: readonly Permission[]): Promise<Headers> {
    const metadata = { tenantId: this.tenantId };
    const { key } = await this.backend.app.get<Auth>(AUTH).api.createApiKey({
      body: { name: 'spec', userId, metadata, ...(scopes && { permissions: { scopes: [...scopes] } }) },
    });
    return { authorization: `Bearer ${key}` };
  }

  /** Sends JSON, and does not follow redirects. A new session does not wait until it is set up. */
  send(as: Headers, method: string, path: string, body?: object, more: Headers = {}): Promise<Response> {
    return fetch(this.backend.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...as,
        ...('cookie' in as && { origin: this.backend.url }),
        'content-type': 'application/json',
        prefer: 'respond-async',
        ...more,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  /**
   * A session that is set up, and a prompt that waits in its queue.
   * @param as who creates both; default: the owner
   */
  async startSession(
    prompt: string,
    body: object,
    as: Headers = { authorization: `Bearer ${this.backend.ownerToken}` },
  ): Promise<Pick<Ids, 'session_id' | 'run_id'>> {
    const session = await this.send(as, 'POST', '/api/sessions', body);
    const { session_id } = (await session.json()) as Session;
    const run = await this.send(as, 'POST', `/api/sessions/${session_id}/prompt`, { prompt });
    const { run_id } = (await run.json()) as Run;
    const isReady = `SELECT id FROM sessions WHERE id = $1 AND status = 'ready'`;
    await waitFor(async () => (await this.sql(isReady, [session_id])).length > 0, {
      what: 'the session to be ready',
    });
    return { session_id, run_id };
  }

  /** @param as who creates it; default: the owner. @returns a new link to the session */
  async share(
    sessionId: string,
    body: object = {},
    as: Headers = { authorization: `Bearer ${this.backend.ownerToken}` },
  ): Promise<CreatedShareLink> {
    const answer = await this.send(as, 'POST', `/api/sessions/${sessionId}/share-links`, body);
    if (answer.status !== 201) throw new Error(`no link was created: ${await answer.text()}`);
    return (await answer.json()) as CreatedShareLink;
  }

  /**
   * Calls an operation. Of a stream only the answer's head is read.
   * @param body 'refused': one that nothing accepts, so that what is allowed has no effect
   * @param prefix what takes the place of `/api` @param more headers of the request
   */
  async call(
    { id, method, path }: Operation,
    as: Headers,
    ids: Ids,
    body: 'accepted' | 'refused' = 'accepted',
    prefix = '/api',
    more: Headers = {},
  ): Promise<Answer> {
    const row = OPERATIONS[id];
    const sent = body === 'accepted' ? row?.body : [];
    const named = path.replace(/\{(\w+)\}/g, (_, name: keyof Ids) => ids[name]);
    const place = `${named.replace(/^\/api/, prefix)}${row?.query ? `?${row.query(ids)}` : ''}`;
    const hasBody = method !== 'GET' && method !== 'DELETE';
    const answer = await this.send(as, method, place, hasBody ? sent : undefined, more);
    const type = answer.headers.get('content-type') ?? '';
    if (type.startsWith('text/event-stream')) {
      await answer.body?.cancel();
      return [answer.status, null, ''];
    }
    const text = await answer.text();
    // An error of SCIM, or another problem.
    const code =
      (type.startsWith('application/scim+json') && answer.status >= 400) ||
      type.startsWith('application/problem+json')
        ? (JSON.parse(text) as { code: string }).code
        : null;
    return [answer.status, code, text];
  }

  /**
   * @returns the ids of the operations that are answered with this problem; every other one is not
   * @throws Error when the problem comes with another status than its own
   */
  async refusedWith(
    code: 'forbidden' | 'person_required' | 'unauthenticated',
    as: Headers,
    ids = NOTHING,
    among = this.operations,
  ): Promise<string[]> {
    const refused: string[] = [];
    // What is allowed comes last if it ends what identifies the browser.
    for (const operation of among.toSorted(
      (a, b) => Number(a.id === 'signOut') - Number(b.id === 'signOut'),
    )) {
      const [status, found] = await this.call(operation, as, ids, ids === NOTHING ? 'refused' : 'accepted');
      if (found !== code) continue;
      if (status !== (code === 'unauthenticated' ? 401 : 403))
        throw new Error(`${operation.id} answers ${code} with the status ${status}`);
      refused.push(operation.id);
    }
    return refused.toSorted();
  }

  /** Waits until the backend has no work left that changes rows. */
  async settled(): Promise<void> {
    await waitFor(async () => (await this.sql(UNSETTLED)).length === 0, {
      what: 'the work of the backend to be done',
      everyMs: 5,
    });
  }

  /** Everything that the database has, except what a mere attempt may write, once the backend has no work left. */
  async everything(): Promise<string> {
    await this.settled();
    const tables = await this.sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    );
    const sums = tables
      .filter(({ name }) => !ATTEMPTS.includes(name))
      .map(({ name }) => `(SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM "${name}" r)`);
    const [row] = await this.sql<Record<string, string>>(
      `SELECT ${sums.map((sum, i) => `${sum} AS t${i}`).join(', ')}`,
    );
    return JSON.stringify(row);
  }

  /**
   * Gives a tenant a person of each role and a thing of each kind. What a person has is the member's.
   * @param mark the title and the prompt of its session, the value of its secret, the name of its passkey
   */
  async populate(
    tenantId: string,
    mark: string,
  ): Promise<{ people: Map<Role, TestPerson>; ids: Ids; share: CreatedShareLink; programKey: Headers }> {
    const people = new Map<Role, TestPerson>();
    for (const role of ROLES) people.set(role, await createPerson(this.backend, tenantId, role));
    const [owner, member] = [people.get('owner'), people.get('member')];
    if (!owner || !member) throw new Error('There is no owner or no member.');
    const session = await this.startSession(mark, { title: mark }, owner.key);
    const post = async <T>(path: string, body: object) =>
      (await (await this.send(owner.key, 'POST', path, body)).json()) as T;
    const invitation = await post<Invitation>('/api/invitations', { role: 'viewer' });
    const secret = await post<Secret>('/api/secrets', { name: 'OURS', value: mark });
    const forGit = {
      owner: 'organisation',
      host: 'git.example.test',
      path: tenantId,
      token: 'a-token-of-the-spec',
    };
    const credential = await post<Credential>('/api/credentials', forGit);
    const connected = {
      kind: 'github',
      owner: 'organisation',
      url: 'https://git.example.test',
      token: 'a-token-of-the-spec',
    };
    const forge = await post<Forge>('/api/forges', connected);
    const rule = await post<RepositoryRule>('/api/repository-rules', {
      host: 'git.example.test',
      path: 'ours',
    });
    const [signIn] = await this.sql<{ id: string }>('SELECT id FROM user_sessions WHERE user_id = $1', [
      member.userId,
    ]);
    const [passkey] = await this.sql<{ id: string }>(
      `INSERT INTO passkeys (user_id, name, credential_id, public_key, counter, transports)
       VALUES ($1, $2, $3, '', 0, '{}') RETURNING id`,
      [member.userId, mark, tenantId],
    );
    const [approval] = await this.sql<{ id: string }>(PENDING_APPROVAL, [
      tenantId,
      session.session_id,
      session.run_id,
    ]);
    const [steer] = await this.sql<{ id: string }>(
      `INSERT INTO run_steers (id, tenant_id, session_id, run_id, ordinal, prompt, status, created_by, author, created_at)
       VALUES (gen_random_uuid(), $1, $2, $3, 1, $4, 'delivered', $5, $6, now()) RETURNING id`,
      [
        tenantId,
        session.session_id,
        session.run_id,
        mark,
        member.userId,
        { kind: 'person', id: member.userId, name: mark },
      ],
    );
    const [comment] = await this.sql<{ id: string }>(
      `INSERT INTO comments (id, tenant_id, session_id, text, side, tree, path, first_line, code, before, after, created_by, author, created_at)
       VALUES (gen_random_uuid(), $1, $2, $3, 'new', $4, 'README.md', 1, '[]', '[]', '[]', $5, $6, now()) RETURNING id`,
      [
        tenantId,
        session.session_id,
        mark,
        'a'.repeat(40),
        member.userId,
        { kind: 'person', id: member.userId, name: mark },
      ],
    );
    const [evidence] = await this.sql<{ id: string }>(SOME_EVIDENCE, [
      tenantId,
      session.session_id,
      session.run_id,
      mark,
    ]);
    const [shipped] = await this.sql<{ pushId: string; commitId: string }>(PUSHED_COMMIT, [
      tenantId,
      session.session_id,
      member.userId,
    ]);
    await this.sql(MERGED_PULL_REQUEST, [tenantId, session.session_id, member.userId]);
    const program = await createServiceAccount(this.backend, tenantId, 'member');
    const share = await this.share(session.session_id, {}, owner.key);
    const ids = {
      ...session,
      tenant_id: tenantId,
      user_id: member.userId,
      sign_in_id: signIn?.id ?? '',
      service_account_id: program.serviceAccountId,
      passkey_id: passkey?.id ?? '',
      approval_id: approval?.id ?? '',
      invitation_id: invitation.invitation_id,
      key_id: member.keyId,
      share_link_id: share.share_link_id,
      secret_id: secret.secret_id,
      credential_id: credential.credential_id,
      forge_id: forge.forge_id,
      rule_id: rule.rule_id,
      steer_id: steer?.id ?? '',
      comment_id: comment?.id ?? '',
      evidence_id: evidence?.id ?? '',
      commit_id: shipped?.commitId ?? '',
      push_id: shipped?.pushId ?? '',
      image_id: await this.uploadImage(session.session_id, owner.key),
    };
    return { people, ids, share, programKey: program.key };
  }

  /** @returns the id of a new image of the session */
  private async uploadImage(sessionId: string, as: Headers): Promise<string> {
    const answer = await fetch(`${this.backend.url}/api/sessions/${sessionId}/images`, {
      method: 'POST',
      headers: { ...as, 'content-type': 'image/png' },
      body: SAMPLE_IMAGES['image/png'],
    });
    if (answer.status !== 201) throw new Error(`no image was uploaded: ${await answer.text()}`);
    return ((await answer.json()) as SessionImage).image_id;
  }
}

const operationsOf = ({ paths }: Document): Operation[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path,
    })),
  );
