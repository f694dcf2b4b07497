import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunEvent } from '@saas-codex/contracts/events';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { SecretsGrant } from '@saas-codex/contracts/runner-api';
import { startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { sealGrant } from '@saas-codex/service-kit/run-grant';
import { redisPlaces } from '@saas-codex/testing/places';
import { SERVICE_TOKEN, type RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { outputOf } from '@saas-codex/testing/runner/setup-scripts';
import { patternOf, search } from '@saas-codex/testing/secret-search';

/** Its letters, quotes and signs are spelled differently in JSON, in URLs and in base64. */
const VALUE = `t0ken-"${randomBytes(16).toString('hex')}"/+ä`;
const TOLD = patternOf(VALUE);
const LONG = randomBytes(60).toString('base64');

/** Prints the secret in every form, and as a host name. */
const PRINT = [
  'printf "%s\\n" "$NPM_TOKEN" "$LONG_KEY"',
  'printf "%s" "$NPM_TOKEN" | base64; printf "user:%s" "$NPM_TOKEN" | base64 -w0; echo "$LONG_KEY" | base64',
  'printf "%s" "$NPM_TOKEN" | od -An -v -tx1 | tr -d " \\n"',
  'printf "%s" "$NPM_TOKEN" | sed "s/\\"/%22/g; s|/|%2F|g; s/+/%2B/g; s/ä/%C3%A4/g"',
  'printf "%s" "$NPM_TOKEN" | cut -c1-12 | tr -d "\\n"; sleep 0.2; printf "%s" "$NPM_TOKEN" | cut -c13-',
].join('; ');

let world: RunnerWorld;
let runner: RunnerProcess;
let threadId: string;

beforeAll(async () => {
  world = await RunnerWorld.create([
    {
      name: 'prints',
      match: 'Print',
      steps: [
        { do: 'command', cmd: `${PRINT}; env | grep -c TOKEN_OF_PROBE` },
        { do: 'command', cmd: `echo {{output}} ${VALUE.slice(0, 3)}` },
        { do: 'reasoning', text: `I saw ${VALUE}` },
        { do: 'message', text: '', chunks: ['It is ', VALUE.slice(0, 9), VALUE.slice(9), ' and no more'] },
      ],
    },
    { name: 'answers', steps: [{ do: 'message', text: 'Yes.' }] },
  ]);
  runner = await world.startRunner({ ISOLATION: 'bubblewrap' });
  threadId = await world.createThread(runner);
});
afterAll(() => world.destroy());

const ENVIRONMENT = { NPM_TOKEN: VALUE, LONG_KEY: LONG, TOKEN_OF_PROBE: 'value-of-the-probe' };

/** A run with a grant for the run `sealedFor`, by default itself. @returns its whole log */
async function run(
  input: object,
  sealedFor?: string,
  at = { runner, threadId },
  granted: SecretsGrant = { environment: ENVIRONMENT },
): Promise<RunEvent[]> {
  const runId = randomUUID();
  const grantee = { runId: sealedFor ?? runId, tenantId: 'local' };
  const grant = sealGrant(SERVICE_TOKEN, grantee, granted);
  const { status } = await at.runner.call('POST', '/runs', { threadId: at.threadId, runId, input, grant });
  expect(status).toBe(202);
  return world.ended(runId);
}
const setup = (script: string) => ({ kind: 'setup', script });

/** Everything that the runner has stored. */
async function stored() {
  const { host, port, password } = world.redis.options;
  const files = await readdir(world.root, { recursive: true, withFileTypes: true });
  const contents = files
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => ({
      name: join(parentPath, name).slice(world.root.length),
      content: await readFile(join(parentPath, name)),
    }));
  return [...(await redisPlaces(`redis://:${password}@${host}:${port}`)), ...(await Promise.all(contents))];
}

describe("a run's secrets", () => {
  it('are in the environment of a setup script, and whatever it prints of them is redacted', async () => {
    const events = await run(setup(`${PRINT}; echo "[$TOKEN_OF_PROBE]" | tr a-z A-Z; echo \${#NPM_TOKEN}`));
    expect(events.at(-1)?.type).toBe('run.succeeded');
    const [item] = dataOf(events, 'item.completed').map((data) => data.item);
    const output = String(item?.['aggregated_output']);
    expect(output).toMatch(new RegExp(`\n${VALUE.length}\n$`));
    // As it is, in base64 twice, in hex, in a URL, and in two pieces.
    expect(output.split('[secret NPM_TOKEN]').length - 1).toBe(6);
    expect(output.split('[secret LONG_KEY]').length - 1).toBeGreaterThanOrEqual(2);
    expect(output).toContain('[[secret TOKEN_OF_PROBE]]');
    expect(outputOf(events)).toContain('[secret NPM_TOKEN]');
    expect(JSON.stringify(events)).not.toMatch(TOLD);
  });

  it("are in the environment of an agent's commands, and nowhere else when the run has ended", async () => {
    const events = await run({ kind: 'prompt', prompt: 'Print it' });
    expect(events.at(-1)?.type).toBe('run.succeeded');
    const items = dataOf(events, 'item.completed').map(({ item }) => item);
    const output = String(items[0]?.['aggregated_output']);
    expect(output.split('[secret NPM_TOKEN]').length - 1).toBe(6);
    expect(output).toMatch(/\n1\n$/);
    const shown = dataOf(events, 'item.delta').map(({ text }) => text);
    // The item may be complete before the last letters of its deltas are sent.
    expect(shown.join('')).toContain('It is [secret NPM_TOKEN] and no');
    expect(items.at(-1)).toMatchObject({ text: 'It is [secret NPM_TOKEN] and no more' });

    const found = search(await stored(), { value: TOLD, long: patternOf(LONG) });
    expect([found['value'], found['long']]).toEqual([[], []]);
    // The search does read what Codex remembers.
    const remembered = search(await stored(), { redacted: /\[secret NPM_TOKEN\]/ })['redacted'] ?? [];
    expect(remembered.some((name) => name.includes('codex-home/sessions'))).toBe(true);
    // Nor does the model server have it, apart from what it made up itself.
    const asked = world.model.requests.slice(-2).map((request) => JSON.stringify(request));
    expect(asked.join()).toContain('[secret NPM_TOKEN]');
    for (const request of asked) expect(request).not.toMatch(TOLD);
  });

  it('do not keep the conversation from going on, with the same secrets or without any', async () => {
    const prompts = ['Print it', 'Go on', 'Go on without'];
    await run({ kind: 'prompt', prompt: 'Go on' });
    await world.ended(await world.startRun(runner, threadId, 'Go on without'));
    expect(world.model.requests.at(-1)?.prompts).toEqual(prompts);
    expect(search(await stored(), { value: TOLD, long: patternOf(LONG) })).toEqual({ value: [], long: [] });
  });

  it('open for the run that they were sealed for, and for no other', async () => {
    const events = await run(setup('env'), randomUUID());
    expect(events.at(-1)).toMatchObject({
      type: 'run.failed',
      data: { reason: expect.stringContaining('could not be opened') },
    });
    expect(dataOf(events, 'item.completed')).toEqual([]);
  });

  it('are not given to a sandbox in which other sessions could read them', async () => {
    const weak = await world.startRunner({ ISOLATION: 'codex-sandbox' });
    await runner.end();
    const events = await run(setup('env'), undefined, { runner: weak, threadId });
    expect(events.at(-1)).toMatchObject({
      type: 'run.failed',
      data: { reason: expect.stringContaining('bubblewrap jail') },
    });
    await weak.end();
  });

  it('are not what a model server of the organisation is: its key is for the model proxy, in every sandbox', async () => {
    const key = `key-${randomBytes(20).toString('hex')}`;
    const [told, env] = [patternOf(key), 'env; cat /proc/self/environ; cat /proc/*/environ'];
    const steps = [
      { do: 'command' as const, cmd: env },
      { do: 'message' as const, text: '', chunks: ['It is ', key.slice(0, 20), key.slice(20)] },
    ];
    const own = await startScriptedModel({ scenarios: [{ name: 'tells', steps }], apiKey: key });
    const MODEL_TRUSTED_HOSTS = new URL(own.baseUrl).host;
    for (const ISOLATION of ['codex-sandbox', 'bubblewrap']) {
      const at = await world.startRunner({ ISOLATION, MODEL_TRUSTED_HOSTS });
      const thread = { runner: at, threadId: await world.createThread(at) };
      const model = { base_url: own.baseUrl, api_key: key };
      const events = await run({ kind: 'prompt', prompt: 'Tell it' }, undefined, thread, {
        environment: {},
        model,
      });
      expect(events.at(-1)?.type).toBe('run.succeeded');
      const items = dataOf(events, 'item.completed').map(({ item }) => item);
      expect(items.at(-1)).toMatchObject({ text: 'It is [key]' });
      expect(JSON.stringify(events)).not.toMatch(told);
      await at.end();
    }
    expect(own.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array.from({ length: 4 }, () => `Bearer ${key}`),
    );
    expect(search(await stored(), { key: told })).toEqual({ key: [] });
    await own.close();
  });

  it('leave the queue with the run', async () => {
    const jobs = await world.redis.keys(`${REDIS_KEYS.queuePrefix}*`);
    const data = await Promise.all(jobs.map((key) => world.redis.hget(key, 'data').catch(() => null)));
    const kept = data.flatMap((text) => (text === null ? [] : [JSON.parse(text) as { grant?: string }]));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.filter(({ grant }) => grant !== undefined)).toEqual([]);
  });
});
