import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Me } from '@saas-codex/contracts/identity';
import type { LimitsOverview } from '@saas-codex/contracts/limits';
import { MODEL_CALLS_PATH, type Reservation } from '@saas-codex/contracts/model-calls';
import type { Session } from '@saas-codex/contracts/sessions';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createPerson, type TestPerson } from '@saas-codex/testing/backend/people';
import { type MailServer, startMailServer } from '@saas-codex/testing/mail-server';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';

/* Ceilings of the operator, and who is told of limits. No runner is there: this spec reserves model calls as one would. */

const CEILING = 1_000_000;
const MAX_LIMITS = `person.tokens_per_month=${CEILING}, session.queued_runs=2, tenant.usd_per_month=500`;
const MODEL = 'gpt-6.1-sol';

let backend: TestBackend;
let mail: MailServer;
let tenantId: string;
/** Waits in its queue: it may make calls. */
let runId: string;

const sql = <T>(statement: string, parameters: unknown[] = []) =>
  backend.app.get(DataSource).query<T[]>(statement, parameters);
const send = (method: string, path: string, body: object, headers: object = {}) =>
  backend.fetch(path, {
    method,
    headers: { 'content-type': 'application/json', prefer: 'respond-async', ...headers },
    body: JSON.stringify(body),
  });
const change = async (body: object) => {
  const answer = await send('PATCH', '/api/limits', body);
  return { status: answer.status, body: (await answer.json()) as LimitsOverview };
};
const asRunner = (path: string, body: object) =>
  send('POST', path, body, { authorization: `Bearer ${backend.config.SERVICE_TOKEN}` });
async function reserve(input: number, id = randomUUID(), run = runId): Promise<Reservation> {
  const answer = await asRunner(MODEL_CALLS_PATH, {
    call_id: id,
    tenant_id: tenantId,
    run_id: run,
    model: MODEL,
    input_tokens: input,
    output_tokens: 1_000,
    demo: false,
  });
  return (await answer.json()) as Reservation;
}

beforeAll(async () => {
  mail = await startMailServer();
  backend = await startBackend({ MAX_LIMITS, SMTP_URL: mail.url });
  tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
  const session = (await (await send('POST', '/api/sessions', {})).json()) as Session;
  const prompted = await send('POST', `/api/sessions/${session.session_id}/prompt`, { prompt: 'Wait' });
  runId = ((await prompted.json()) as { run_id: string }).run_id;
});
afterAll(async () => {
  await backend.stop();
  await mail.stop();
});
beforeEach(async () => {
  await sql('DELETE FROM model_calls');
  await sql('DELETE FROM spend_totals');
  await sql('DELETE FROM spend_rules');
});

describe("a ceiling of the operator's", () => {
  it('stops an organisation that has no limits of its own', async () => {
    expect(await reserve(900_000)).toEqual({ outcome: 'granted', output_tokens: 1_000 });
    expect(await reserve(CEILING)).toMatchObject({
      outcome: 'limit_reached',
      limit: { scope: 'person', unit: 'tokens', period: 'month', cap: CEILING, set_by: 'operator' },
    });
    const { body } = await change({});
    expect(body.standings).toContainEqual(
      expect.objectContaining({ scope: 'person', cap: CEILING, set_by: 'operator' }),
    );
    expect(body.ceilings?.session.queued_runs).toBe(2);
  });

  it('is the highest limit that the organisation can set, and lower ones are its own', async () => {
    const above = await change({ person: { tokens_per_month: CEILING + 1 } });
    expect(above).toMatchObject({
      status: 409,
      body: {
        code: 'limit_above_ceiling',
        detail: expect.stringContaining('at most 1,000,000 tokens a month for one person'),
      },
    });
    expect((await change({ tenant: { micro_usd_per_month: 600_000_000 } })).status).toBe(409);
    const lower = await change({ person: { tokens_per_month: 2_000 } });
    expect(lower.body.limits.person.tokens_per_month).toBe(2_000);
    expect(await reserve(2_000)).toMatchObject({ limit: { cap: 2_000, set_by: 'organisation' } });
    expect((await change({ person: { tokens_per_month: CEILING } })).status).toBe(200);
    const none = await change({ person: { tokens_per_month: null } });
    expect(none.body.limits.person.tokens_per_month).toBe(CEILING);
  });

  it('is in force also where a higher limit was saved before', async () => {
    await change({ person: { tokens_per_month: 5 } });
    await sql(`UPDATE spend_rules SET limits = jsonb_set(limits, '{person,tokens_per_month}', $1::jsonb)`, [
      String(CEILING * 2),
    ]);
    expect(await reserve(CEILING)).toMatchObject({ outcome: 'limit_reached', limit: { cap: CEILING } });
  });

  it('counts runs in the queue, and the refusal says who can raise it', async () => {
    const session = (await (await send('POST', '/api/sessions', {})).json()) as Session;
    const prompt = () => send('POST', `/api/sessions/${session.session_id}/prompt`, { prompt: 'Wait' });
    expect([(await prompt()).status, (await prompt()).status]).toEqual([202, 202]);
    const refused = await prompt();
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({ detail: expect.stringContaining('operator of this installation') }),
    ]);
  });
});

describe('people are told of a limit', () => {
  let member: TestPerson;
  let admin: TestPerson;
  let viewer: TestPerson;
  /** A run of the member's. */
  const newRun = async () => {
    const as = async <T>(path: string, body: object) =>
      (await (await send('POST', path, body, member.key)).json()) as T;
    const { session_id: id } = await as<Session>('/api/sessions', {});
    return (await as<{ run_id: string }>(`/api/sessions/${id}/prompt`, { prompt: 'Wait' })).run_id;
  };
  /** Uses so many tokens. */
  const use = async (tokens: number, run: string) => {
    const id = randomUUID();
    expect(await reserve(tokens, id, run)).toMatchObject({ outcome: 'granted' });
    await asRunner(`${MODEL_CALLS_PATH}/${id}/settle`, {
      tenant_id: tenantId,
      outcome: 'settled',
      usage: {
        input_tokens: tokens,
        cached_input_tokens: 0,
        output_tokens: 0,
        reasoning_output_tokens: 0,
      },
    });
  };
  const mailsTo = ({ email }: TestPerson) =>
    mail.mails.filter(({ to }) => to === email).map(({ text }) => text);

  beforeAll(async () => {
    member = await createPerson(backend, tenantId, 'member');
    admin = await createPerson(backend, tenantId, 'admin');
    viewer = await createPerson(backend, tenantId, 'viewer');
  });

  it('at 80, 90 and 100 percent: who wrote the prompt and who may raise it, in the app and by mail', async () => {
    const run = await newRun();
    await change({ person: { tokens_per_day: 100_000 } });
    await use(80_000, run);
    for (const who of [member, admin]) expect((await mail.take(who.email)).text).toContain('80% of a limit');
    await use(10_000, run);
    for (const who of [member, admin]) expect((await mail.take(who.email)).text).toContain('90% of a limit');
    expect(await reserve(10_000, randomUUID(), run)).toMatchObject({ outcome: 'limit_reached' });
    const [toMember, toAdmin] = [await mail.take(member.email), await mail.take(admin.email)];
    for (const { text } of [toMember, toAdmin]) {
      expect(text).toContain('Subject: A limit is reached');
      expect(text).toContain('90,000 tokens of the limit of 100,000 tokens a day for one person are used');
    }
    expect(toAdmin.text).toContain('You can raise it there');
    expect(toMember.text).toContain('Admins and owners of the organisation can raise it');
    expect(await reserve(10_000, randomUUID(), run)).toMatchObject({ outcome: 'limit_reached' });

    const redis = new Redis(backend.config.REDIS_URL);
    const entries = await redis.xrange(REDIS_KEYS.activity(tenantId), '-', '+');
    redis.disconnect();
    const notices = entries.flatMap(([, fields]) => {
      const event = JSON.parse(fields[fields.indexOf('event') + 1] ?? '{}') as Record<string, unknown>;
      return event['type'] === 'limit.notice' && event['user_id'] === member.userId
        ? [event['percentage']]
        : [];
    });
    expect(notices).toEqual([80, 90, 100]);
    expect([mailsTo(member).length, mailsTo(admin).length, mailsTo(viewer).length]).toEqual([3, 3, 0]);
  });

  it('of a run only when it waits, and not again for each run; one of the operator nobody here can raise', async () => {
    const before = mailsTo(admin).length;
    await change({ run: { tokens: 10_000 } });
    const [first, second] = [await newRun(), await newRun()];
    await use(9_000, first);
    for (const run of [first, second])
      expect(await reserve(20_000, randomUUID(), run)).toMatchObject({ outcome: 'limit_reached' });
    expect((await mail.take(admin.email)).text).toContain('the limit of 10,000 tokens for one run');
    await change({ run: { tokens: null } });
    expect(await reserve(CEILING, randomUUID(), first)).toMatchObject({ outcome: 'limit_reached' });
    expect((await mail.take(admin.email)).text).toContain('set by the operator of this installation');
    expect(mailsTo(admin)).toHaveLength(before + 2);
  });
});
