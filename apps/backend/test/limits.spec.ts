import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Me } from '@saas-codex/contracts/identity';
import type { LimitsOverview } from '@saas-codex/contracts/limits';
import { MODEL_CALLS_PATH, type Reservation } from '@saas-codex/contracts/model-calls';
import type { Session } from '@saas-codex/contracts/sessions';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { DataSource } from 'typeorm';

/* Ceilings of the operator. No runner is there: this spec reserves model calls as one would. */

const CEILING = 1_000_000;
const MAX_LIMITS = `person.tokens_per_month=${CEILING}, session.queued_runs=2, tenant.usd_per_month=500`;
const MODEL = 'gpt-6.1-sol';

let backend: TestBackend;
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
async function reserve(input: number, id = randomUUID()): Promise<Reservation> {
  const answer = await asRunner(MODEL_CALLS_PATH, {
    call_id: id,
    tenant_id: tenantId,
    run_id: runId,
    model: MODEL,
    input_tokens: input,
    output_tokens: 1_000,
    demo: false,
  });
  return (await answer.json()) as Reservation;
}

beforeAll(async () => {
  backend = await startBackend({ MAX_LIMITS });
  tenantId = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
  const session = (await (await send('POST', '/api/sessions', {})).json()) as Session;
  const prompted = await send('POST', `/api/sessions/${session.session_id}/prompt`, { prompt: 'Wait' });
  runId = ((await prompted.json()) as { run_id: string }).run_id;
}, 60_000);
afterAll(() => backend.stop());
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
