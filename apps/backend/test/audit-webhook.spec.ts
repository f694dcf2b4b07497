import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditPage } from '@saas-codex/contracts/audit';
import type {
  AuditDelivery,
  AuditWebhook,
  AuditWebhookSetting,
  AuditWebhookTest,
  SavedAuditWebhook,
} from '@saas-codex/contracts/audit-webhook';
import { Webhook } from 'standardwebhooks';
import { DataSource } from 'typeorm';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { waitFor } from '@saas-codex/testing/wait-for';

/** What has arrived at the receiver. */
interface Received {
  headers: IncomingHttpHeaders & Record<string, string>;
  body: string;
  delivery: AuditDelivery;
}

const TRUSTED_NAME = 'localhost';
let receiver: Server;
let port: number;
let received: Received[] = [];
/** How the receiver answers. */
let answer: (res: ServerResponse, request: Received) => void;
let backend: TestBackend;
let url: string;

const ok = (res: ServerResponse) => void res.writeHead(204).end();
const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
const call = (method: string, path: string, body?: object) =>
  backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
const set = async (body: object) =>
  (await (await call('PUT', '/api/audit/webhook', body)).json()) as SavedAuditWebhook;
const read = async () =>
  ((await (await call('GET', '/api/audit/webhook')).json()) as AuditWebhookSetting).webhook as AuditWebhook;
const test = async () => (await (await call('POST', '/api/audit/webhook/test')).json()) as AuditWebhookTest;
/** Does something that leaves an entry. */
const act = async (name: string) => {
  const answered = await call('POST', '/api/secrets', { name, value: 'a value of the spec' });
  expect(answered.status).toBe(201);
};
const namesOf = (requests: Received[]) =>
  requests.flatMap(({ delivery }) =>
    delivery.data.entries.flatMap(({ action, target }) =>
      action === 'secret.created' ? [target?.name] : [],
    ),
  );
const arrived = (name: string) =>
  waitFor(() => namesOf(received).includes(name), { what: `the entry of ${name} to arrive` });

beforeAll(async () => {
  receiver = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const request = {
        headers: req.headers as Received['headers'],
        body,
        delivery: JSON.parse(body) as AuditDelivery,
      };
      received.push(request);
      answer(res, request);
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  ({ port } = receiver.address() as AddressInfo);
  url = `http://${TRUSTED_NAME}:${port}/hook`;
  backend = await startBackend({ WEBHOOK_TRUSTED_HOSTS: `${TRUSTED_NAME}:${port}` });
});
afterAll(async () => {
  await backend.stop();
  receiver.closeAllConnections();
  receiver.close();
});
beforeEach(() => {
  received = [];
  answer = ok;
});
afterEach(async () => {
  await call('DELETE', '/api/audit/webhook');
});

describe('the webhook of the audit log', () => {
  it('gets new entries in order, signed with a secret that is shown once', async () => {
    await act('BEFORE');
    const { secret, ...state } = await set({ url });
    expect(state).toMatchObject({ url, failing_since: null, last_error: null });
    const names = ['ONE', 'TWO', 'THREE'];
    for (const name of names) await act(name);
    await arrived('THREE');
    expect(namesOf(received)).toEqual(names);
    expect(received[0]?.delivery.data.entries[0]?.action).toBe('audit_log.webhook_set');
    const listed = (await (await call('GET', '/api/audit?action=secret.created')).json()) as AuditPage;
    const sent = received.flatMap(({ delivery }) => delivery.data.entries);
    expect(sent).toEqual(expect.arrayContaining(listed.items.slice(0, 3)));
    for (const { body, headers } of received)
      expect(new Webhook(String(secret)).verify(body, headers)).toEqual(JSON.parse(body));
    await waitFor(async () => (await read()).waiting === 0);
    expect((await read()).last_delivered_at).not.toBeNull();
    const kept = JSON.stringify([
      await read(),
      await set({ url }),
      await sql('SELECT * FROM secrets'),
      await sql('SELECT * FROM audit_entries'),
    ]);
    expect(secret).toMatch(/^whsec_/);
    expect(kept).not.toContain(String(secret).slice(6));
  });

  it('gets the same message again until it takes it, and the state says why it waits', async () => {
    const secret = `whsec_${'c3BlYy0x'.repeat(4)}`;
    answer = (res) => void res.writeHead(500).end('the inside of the receiver');
    expect((await set({ url, secret })).secret).toBeNull();
    await act('FAILS');
    const failing = await waitFor(async () => {
      const state = await read();
      return state.failing_since === null ? null : state;
    });
    expect(failing.last_error).toBe('The receiver answered 500.');
    expect(Date.parse(String(failing.next_attempt_at))).toBeGreaterThan(
      Date.parse(String(failing.failing_since)),
    );
    await act('LATER');
    const [first] = received as [Received];
    expect(await test()).toEqual({ delivered: false, error: 'The receiver answered 500.' });
    // The receiver works, but its answer is lost.
    answer = (res) => {
      answer = ok;
      res.destroy();
    };
    await sql('UPDATE audit_webhooks SET next_attempt_at = NULL');
    await waitFor(async () => (await read()).last_error?.startsWith('The receiver cannot be reached'));
    expect(await test()).toEqual({ delivered: true, error: null });
    await waitFor(async () => (await read()).waiting === 0);
    const same = received.filter(({ headers }) => headers['webhook-id'] === first.headers['webhook-id']);
    expect(same.length).toBeGreaterThan(2);
    for (const { body, headers } of same) {
      expect(body).toBe(first.body);
      expect(new Webhook(secret).verify(body, headers)).toBeTruthy();
    }
    const taken = received.slice(received.lastIndexOf(same.at(-1) as Received));
    expect(namesOf(taken)).toEqual(expect.arrayContaining(['LATER']));
    expect(await read()).toMatchObject({ failing_since: null, last_error: null, next_attempt_at: null });
  });

  it('gets what was made early and committed late', async () => {
    await set({ url });
    await act('EARLY');
    await arrived('EARLY');
    const late = backend.app.get(DataSource).createQueryRunner();
    await late.startTransaction();
    await late.query(`
      INSERT INTO audit_entries (id, tenant_id, at, action, outcome, count, actor_kind, target_kind, target_name)
      SELECT gen_random_uuid(), tenant_id, now() - interval '1 minute', 'secret.created', 'done', 1, 'system', 'secret', 'LATE'
        FROM audit_webhooks`);
    await act('QUICK');
    await arrived('QUICK');
    await late.commitTransaction();
    await late.release();
    await arrived('LATE');
    expect(namesOf(received)).toEqual(['EARLY', 'QUICK', 'LATE']);
  });

  it('gets everything once and in order from several backends, and again what one has not finished', async () => {
    const other = await startBackend(
      Object.fromEntries(
        Object.entries(backend.config)
          .filter(([, value]) => typeof value === 'string')
          .concat([['WEBHOOK_TRUSTED_HOSTS', `${TRUSTED_NAME}:${port}`]]),
      ),
    );
    try {
      await set({ url });
      let open = 0;
      let most = 0;
      answer = (res) => {
        most = Math.max(most, (open += 1));
        setImmediate(() => {
          open -= 1;
          ok(res);
        });
      };
      const names = Array.from({ length: 120 }, (_, i) => `MANY_${i}`);
      for (const name of names.slice(0, 20)) await act(name);
      await sql(
        `INSERT INTO audit_entries (id, tenant_id, at, action, outcome, count, actor_kind, target_kind, target_name)
         SELECT gen_random_uuid(), tenant_id, now(), 'secret.created', 'done', 1, 'system', 'secret', name
           FROM audit_webhooks, unnest($1::text[]) WITH ORDINALITY AS names (name, i) ORDER BY i`,
        [names.slice(20)],
      );
      await arrived('MANY_119');
      expect(namesOf(received)).toEqual(names);
      expect(most).toBe(1);
      expect(received.every(({ delivery }) => delivery.data.entries.length <= 100)).toBe(true);
      await waitFor(async () => (await read()).waiting === 0);

      // Whichever has it never learns that it was taken.
      received = [];
      answer = () => undefined;
      await act('UNFINISHED');
      await arrived('UNFINISHED');
      await sql(
        'SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = $1 AND pid <> pg_backend_pid()',
        ['advisory'],
      );
      answer = ok;
      await waitFor(() => received.length > 1, { what: 'the second delivery' });
      await waitFor(async () => (await read()).waiting === 0);
      const [once_, again] = received as [Received, Received];
      expect(again.body).toBe(once_.body);
      expect(again.headers['webhook-id']).toBe(once_.headers['webhook-id']);
    } finally {
      await other.close();
    }
  });

  it('leads to no private address, over no plain http, and follows no redirect', async () => {
    const refused = await call('PUT', '/api/audit/webhook', { url: `http://127.0.0.1:${port}/` });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'webhook_url_refused', detail: expect.stringContaining('https://') }),
    ]);
    for (const bad of ['ftp://example.org/', 'https://a:b@example.org/', 'x', 'https://example.org/#x'])
      expect([bad, (await call('PUT', '/api/audit/webhook', { url: bad })).status]).toEqual([bad, 400]);
    for (const address of [
      `https://127.0.0.1:${port}/`,
      'https://[::1]/',
      'https://169.254.169.254/latest',
    ]) {
      await set({ url: address });
      expect(await test()).toEqual({
        delivered: false,
        error: expect.stringContaining('private or reserved network'),
      });
    }
    await set({ url });
    answer = (res) => void res.writeHead(307, { location: `http://${TRUSTED_NAME}:${port}/elsewhere` }).end();
    expect(await test()).toEqual({ delivered: false, error: expect.stringContaining('a redirect') });
    expect(received.filter(({ delivery }) => delivery.type === 'audit.test')).toHaveLength(1);
  });

  it('is gone with its secret, which nobody changes as a secret of its own', async () => {
    await set({ url });
    const [row] = await sql<{ id: string }>(`SELECT id FROM secrets WHERE kind = 'webhook_secret'`);
    expect((await call('DELETE', `/api/secrets/${row?.id}`)).status).toBe(404);
    expect((await call('PATCH', `/api/secrets/${row?.id}`, { value: 'another value' })).status).toBe(404);
    expect((await call('DELETE', '/api/audit/webhook')).status).toBe(204);
    expect(await sql(`SELECT FROM secrets WHERE kind = 'webhook_secret'`)).toEqual([]);
    expect(await sql('SELECT FROM audit_webhook_entries')).toEqual([]);
    expect(await read()).toBeNull();
    expect((await call('POST', '/api/audit/webhook/test')).status).toBe(404);
    expect((await call('DELETE', '/api/audit/webhook')).status).toBe(404);
  });
});
