import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelServer, ModelServerTest } from '@saas-codex/contracts/models';
import type { Run } from '@saas-codex/contracts/runs';
import type { SecretPage } from '@saas-codex/contracts/secrets';
import type { Session } from '@saas-codex/contracts/sessions';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { type ScriptedModel, startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { NOWHERE } from '@saas-codex/testing/backend/operations';
import { createPerson, createTenant } from '@saas-codex/testing/backend/people';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { patternOf } from '@saas-codex/testing/secret-search';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { MasterKeys } from '../src/secrets/master-keys.js';
import { rotateSecrets } from '../src/secrets/rotation.js';

/* Two model servers: the operator's, and one that an organisation has named with a key of its own. */

const OWN_KEY = `key-${randomBytes(20).toString('hex')}`;
const PATH = '/api/models/server';
const NOTE = 'Note this';

let own: ScriptedModel;
/** Answers to `GET …/models` and `POST …/responses`, as each case has it, and repeats the key. */
let odd: Server;
let oddHost: string;
let oddAnswers: Record<string, [status: number, body: string]> = {};
let world: SessionsWorld;
/** The owner of another organisation. */
let other: Record<string, string>;

beforeAll(async () => {
  own = await startScriptedModel({
    apiKey: OWN_KEY,
    scenarios: [
      { name: 'holds', match: 'Hold', steps: [{ do: 'gate', name: 'never' }] },
      { name: 'repeats its key', match: 'Key', steps: [{ do: 'message', text: `I am ${OWN_KEY}.` }] },
      { name: 'answers', steps: [{ do: 'message', text: 'Yes.' }] },
    ],
  });
  odd = createServer((req, res: ServerResponse) => {
    const [status, body] = oddAnswers[req.method ?? ''] ?? [404, '{}'];
    const key = String(req.headers.authorization);
    res.writeHead(status, { 'x-repeated': key, location: `/${OWN_KEY}` }).end(body.replace('KEY', key));
  }).listen(0, '127.0.0.1');
  await once(odd, 'listening');
  oddHost = `127.0.0.1:${(odd.address() as AddressInfo).port}`;
  const settings = { MODEL_TRUSTED_HOSTS: `${new URL(own.baseUrl).host},${NOWHERE},${oddHost}` };
  world = await SessionsWorld.create(settings, settings);
  await world.startRunner();
  const tenantId = await createTenant(world.backend, 'Other');
  other = (await createPerson(world.backend, tenantId, 'owner')).key;
});
afterAll(async () => {
  await world.destroy();
  await own.close();
  odd.close();
});

const put = (body: object, headers = {}) => world.call<ModelServer>('PUT', PATH, body, headers);
const useOwn = (key = OWN_KEY) => put({ base_url: own.baseUrl, key });
const remove = () => world.call('DELETE', PATH);
const newSession = async (headers = {}) =>
  (await world.call<Session>('POST', '/api/sessions', {}, headers)).body.session_id;

async function ask(prompt: string, headers = {}): Promise<Run> {
  const path = `/api/sessions/${await newSession(headers)}/prompt`;
  return (await world.call<Run>('POST', path, { prompt }, headers)).body;
}
const ended = async ({ run_id }: Run, headers = {}) =>
  waitFor(
    async () => {
      const { body } = await world.call<Run>('GET', `/api/runs/${run_id}`, undefined, headers);
      return ['succeeded', 'failed'].includes(body.status) ? body : null;
    },
    { what: 'the run to end' },
  );
/** How many calls each server has had. */
const calls = () => ({ own: own.requests.length, operator: world.model.requests.length });

describe("an organisation's own model server", () => {
  afterEach(remove);

  it('answers its runs, and no other organisation’s, until it is removed', async () => {
    expect((await world.call('GET', PATH)).body).toEqual({
      source: 'operator',
      base_url: null,
      key_saved_at: null,
    });
    const set = await useOwn();
    expect(set).toMatchObject({ status: 200, body: { source: 'organisation', base_url: own.baseUrl } });
    const before = calls();
    const run = await ask(NOTE);
    expect(await ended(run)).toMatchObject({ status: 'succeeded', result: { final_message: 'Yes.' } });
    expect(calls()).toEqual({ ...before, own: before.own + 1 });
    expect(own.requests.at(-1)?.headers.authorization).toBe(`Bearer ${OWN_KEY}`);

    expect(await ended(await ask(NOTE, other), other)).toMatchObject({ status: 'succeeded' });
    expect(calls().own).toBe(before.own + 1);
    expect(calls().operator).toBeGreaterThan(before.operator);

    const counted = await world.backend.app
      .get(DataSource)
      .query<{ state: string }[]>('SELECT state FROM model_calls WHERE run_id = $1', [run.run_id]);
    expect(counted).toHaveLength(1);
    const source = async (headers = {}) =>
      (await world.call<SystemInfo>('GET', '/api/system', undefined, headers)).body.model_source;
    expect([await source(), await source(other)]).toEqual(['organisation', 'compatible']);

    expect((await remove()).status).toBe(204);
    expect(await remove()).toMatchObject({ status: 404, body: { code: 'model_server_not_found' } });
    expect(await ended(await ask(NOTE))).toMatchObject({ status: 'succeeded' });
    expect(calls().own).toBe(before.own + 1);
  });

  it('that has revoked the key makes a run fail with what to do, and its key is in no event', async () => {
    const wrong = `wrong-${randomBytes(20).toString('hex')}`;
    await useOwn(wrong);
    const before = calls();
    const run = await ask(NOTE);
    const { status, error } = await ended(run);
    expect([status, error]).toEqual([
      'failed',
      expect.stringMatching(
        /^Your organisation's model server at 127\.0\.0\.1:\d+ refused the key\..*Settings → Models/,
      ),
    ]);
    expect(calls()).toEqual(before);
    await useOwn();
    const repeated = await ask('Key');
    expect(await ended(repeated)).toMatchObject({
      status: 'succeeded',
      result: { final_message: 'I am [key].' },
    });
    const told = JSON.stringify([await world.log(run.run_id), await world.log(repeated.run_id)]);
    for (const key of [wrong, OWN_KEY]) expect(told).not.toMatch(patternOf(key));
  });

  it('answers also what another runner takes after one has died in the middle', async () => {
    await useOwn();
    await ask('Hold');
    const session = await newSession();
    await waitFor(() => own.requests.some(({ prompts }) => prompts.at(-1) === 'Hold'));
    await world.endRunner();
    const path = `/api/sessions/${session}/prompt`;
    const next = (await world.call<Run>('POST', path, { prompt: NOTE })).body;
    const before = calls();
    await world.startRunner();
    expect(await ended(next)).toMatchObject({ status: 'succeeded', result: { final_message: 'Yes.' } });
    expect(calls()).toEqual({ ...before, own: before.own + 1 });
  });

  it('keeps its key while its address stays at the same server, and for no other', async () => {
    const required = { status: 400, body: { code: 'model_key_required' } };
    expect(await put({ base_url: own.baseUrl })).toMatchObject(required);
    const { key_saved_at } = (await useOwn()).body;
    const moved = await put({ base_url: `${own.baseUrl}/other/` });
    expect(moved.body).toEqual({ source: 'organisation', base_url: `${own.baseUrl}/other`, key_saved_at });
    expect(await put({ base_url: `http://${NOWHERE}/v1` })).toMatchObject(required);
    expect((await world.call<ModelServer>('GET', PATH)).body).toEqual(moved.body);
    const replaced = await put({ base_url: `http://${NOWHERE}/v1`, key: OWN_KEY });
    expect(Date.parse(replaced.body.key_saved_at ?? '')).toBeGreaterThanOrEqual(
      Date.parse(key_saved_at ?? ''),
    );
  });

  it.each([
    ['https://10.0.0.7/v1', 'model_server_forbidden'],
    ['https://169.254.169.254/v1', 'model_server_forbidden'],
    ['https://[::ffff:127.0.0.1]/v1', 'model_server_forbidden'],
    ['https://localhost/v1', 'model_server_forbidden'],
    ['http://93.184.216.34/v1', 'model_server_forbidden'],
    ['http://127.0.0.1:10/v1', 'model_server_forbidden'],
    ['ftp://93.184.216.34/v1', 'invalid_request'],
    ['https://user:password@93.184.216.34/v1', 'invalid_request'],
    ['https://93.184.216.34/v1?key=1', 'invalid_request'],
    ['https://93.184.216.34/v1#', 'invalid_request'],
    ['models.example.com', 'invalid_request'],
  ])('is refused at %s', async (base_url, code) => {
    const answer = await put({ base_url, key: OWN_KEY });
    expect([answer.status, answer.body.code]).toEqual([400, code]);
    expect(JSON.stringify(answer)).not.toContain(OWN_KEY);
  });

  it('gives its key to nobody, is no secret that sessions name, and survives a rotation of the master key', async () => {
    const answers = [await useOwn(), await world.call('GET', PATH)];
    const listed = await world.call<SecretPage>('GET', '/api/secrets?kind=model_key');
    const [secret] = listed.body.items;
    const path = `/api/secrets/${secret?.secret_id}`;
    const changes = [
      await world.call('PATCH', path, { value: 'https://evil.example' }),
      await world.call('DELETE', path),
      await world.call('POST', '/api/sessions', { secrets: ['model_key'] }),
    ];
    expect(changes.map(({ body }) => body.code)).toEqual([
      'secret_not_found',
      'secret_not_found',
      'secret_unknown',
    ]);
    const sql = <T>(statement: string, parameters: unknown[]) =>
      world.backend.app.get(DataSource).query<T[]>(statement, parameters);
    const keys = await new MasterKeys(world.backend.config).addKey();
    await rotateSecrets(sql, keys);
    expect(await sql('SELECT key_id FROM secrets', [])).toEqual([{ key_id: keys[0].id }]);
    expect(await ended(await ask(NOTE))).toMatchObject({
      status: 'succeeded',
      result: { final_message: 'Yes.' },
    });
    const rows = await sql('SELECT s::text, encode(ciphertext, $1) FROM secrets s', ['escape']);
    expect(JSON.stringify([...answers, listed, ...changes, rows])).not.toMatch(patternOf(OWN_KEY));
  });
});

describe('a test of the model server', () => {
  const REFUSED = '{ "error": { "code": "missing_required_parameter", "message": "model, KEY" } }';
  const LIST = '{ "data": [{ "id": "gpt-one" }, { "id": "KEY" }] }';
  const PASSED = { connection: 'works', key: 'works' };
  /** Each has tests of its own, which are limited. */
  let owner: Record<string, string>;
  beforeEach(async () => {
    owner = (await createPerson(world.backend, await createTenant(world.backend, 'Tests'), 'owner')).key;
  });

  const test = () => world.call<ModelServerTest>('POST', `${PATH}/test`, undefined, owner);
  async function testOf(base_url: string, key = OWN_KEY) {
    expect((await put({ base_url, key }, owner)).status).toBe(200);
    const { status, body } = await test();
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toMatch(patternOf(key));
    const outcomes = Object.fromEntries(body.checks.map(({ check, outcome }) => [check, outcome]));
    return { works: body.works, outcomes, last: body.checks.at(-1)?.message };
  }

  it('finds that it works, which costs nothing', async () => {
    const before = calls();
    expect(await testOf(own.baseUrl)).toEqual({
      works: true,
      outcomes: { ...PASSED, responses: 'works', models: 'unknown' },
      last: expect.stringContaining('first prompt'),
    });
    expect(calls()).toEqual(before);
  });

  it('says that the key is refused', async () => {
    expect(await testOf(own.baseUrl, `wrong-${OWN_KEY}`)).toEqual({
      works: false,
      outcomes: { connection: 'works', key: 'fails' },
      last: expect.stringContaining('refused the key (401)'),
    });
  });

  it.each([
    ['unreachable', () => `http://${NOWHERE}/v1`, /cannot be reached \(ECONNREFUSED\)/],
    ['without TLS', () => `https://${oddHost}/v1`, /No trusted connection/],
  ])('says that it is %s', async (_, address, sentence) => {
    expect(await testOf(address())).toEqual({
      works: false,
      outcomes: { connection: 'fails' },
      last: expect.stringMatching(sentence),
    });
  });

  it.each<[what: string, answer: [number, string], outcome: string, sentence: RegExp]>([
    ['there is no Responses API', [404, 'KEY'], 'fails', /usually ends in \/v1/],
    ['it redirects', [307, ''], 'fails', /Give the address to which it leads/],
    ['it is down', [503, REFUSED], 'fails', /answered 503/],
    ['something else is there', [200, '<html>KEY'], 'fails', /not understood/],
    ['an answer is too long', [400, `"${'x'.repeat(5_000_000)}"`], 'fails', /not understood/],
  ])('says that %s', async (_, answer, outcome, sentence) => {
    oddAnswers = { GET: [200, LIST], POST: answer };
    expect(await testOf(`http://${oddHost}/v1`)).toEqual({
      works: false,
      outcomes: { ...PASSED, responses: outcome },
      last: expect.stringMatching(sentence),
    });
  });

  it('says which allowed models it does not list', async () => {
    oddAnswers = { GET: [200, LIST], POST: [400, REFUSED] };
    const ofModels = (models: string) => ({ ...PASSED, responses: 'works', models });
    expect(await testOf(`http://${oddHost}/v1`)).toMatchObject({ works: true, outcomes: ofModels('works') });
    await world.call('PATCH', '/api/models', { allowed: ['gpt-one', 'gpt-two'] }, owner);
    expect(await testOf(`http://${oddHost}/v1`)).toEqual({
      works: false,
      outcomes: ofModels('fails'),
      last: expect.stringMatching(/^The server does not list these allowed models: gpt-two\./),
    });
  });

  it('is refused without a server, and after too many', async () => {
    expect(await test()).toMatchObject({ status: 404, body: { code: 'model_server_not_found' } });
    await put({ base_url: own.baseUrl, key: OWN_KEY }, owner);
    const statuses: number[] = [];
    for (let count = 0; count < 11; count++) statuses.push((await test()).status);
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429]);
  });
});
