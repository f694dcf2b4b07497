import { randomUUID } from 'node:crypto';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Session, SessionPage } from '@saas-codex/contracts/sessions';
import { TcpProxy } from '@saas-codex/testing/faults/tcp-proxy';
import { createDatabase } from '@saas-codex/testing/postgres';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

let database: Awaited<ReturnType<typeof createDatabase>>;
let network: TcpProxy;
let backend: TestBackend;
beforeAll(async () => {
  database = await createDatabase();
  const url = new URL(database.url);
  network = await TcpProxy.start('postgres', [Number(url.port)]);
  url.host = `127.0.0.1:${network.port}`;
  backend = await startBackend({ DATABASE_URL: url.href });
});
afterAll(async () => {
  await backend.stop();
  await network.stop();
  await database.drop();
});
afterEach(() => network.heal());

const expectOutage = async (answer: Response) => {
  const problem = (await answer.json()) as Problem;
  expect({ status: answer.status, again: answer.headers.get('retry-after'), code: problem.code }).toEqual({
    status: 503,
    again: '5',
    code: 'store_unavailable',
  });
  expect(JSON.stringify(problem)).not.toMatch(/postgres|pg|127\.0\.0\.1|ECONN/i);
};

it('asks clients to try again while Postgres is down, and retrying is safe', async () => {
  const headers = { [HEADERS.idempotencyKey]: randomUUID(), [HEADERS.prefer]: 'respond-async' };
  network.cut();
  await expectOutage(await backend.fetch('/api/sessions'));
  await expectOutage(await backend.post('/api/sessions', { title: 'Once' }, headers));
  network.heal();
  const created = await waitFor(async () => {
    const answer = await backend.post('/api/sessions', { title: 'Once' }, headers);
    return answer.status === 503 ? null : answer;
  });
  expect(created.status).toBe(201);
  const again = await backend.post('/api/sessions', { title: 'Once' }, headers);
  const { session_id } = (await created.json()) as Session;
  expect(((await again.json()) as Session).session_id).toBe(session_id);
  const { items } = (await (await backend.fetch('/api/sessions')).json()) as SessionPage;
  expect(items.map((session) => session.session_id)).toEqual([session_id]);
});

it('asks for a retry when Postgres stops answering during a request', async () => {
  const id = randomUUID();
  network.hold('before', id);
  const waiting = backend.fetch(`/api/sessions/${id}`);
  await waitFor(() => network.met.held === 1);
  network.cut();
  await expectOutage(await waiting);
});
