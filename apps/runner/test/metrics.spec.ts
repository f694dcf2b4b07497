import { Scrape } from '@saas-codex/testing/prometheus';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const TOKEN = 'a-token-for-metrics-0123456789abcdef';
let world: RunnerWorld;
let runner: RunnerProcess;

beforeAll(async () => {
  world = await RunnerWorld.create([
    {
      name: 'asks for a page',
      match: 'Ask',
      steps: [
        { do: 'command', cmd: 'curl -sS http://example.org/; true' },
        { do: 'message', text: 'Asked.' },
      ],
    },
    { name: 'holds', match: 'Hold', steps: [{ do: 'gate', name: 'never' }] },
  ]);
  runner = await world.startRunner({ METRICS_TOKEN: TOKEN, MAX_CONCURRENT_RUNS: '1' });
});
afterAll(() => world.destroy());

it('reports runs, jails, the model, the egress proxy and the queue', async () => {
  const asked = await world.startRun(runner, await world.createThread(runner), 'Ask for it');
  await world.ended(asked);
  const held = await world.startRun(runner, await world.createThread(runner), 'Hold it');
  await world.started(held);
  await world.startRun(runner, await world.createThread(runner), 'Hold this, too');
  const scrape = await waitFor(async () => {
    const now = await Scrape.of(runner.url, TOKEN);
    return now.value('saas_codex_run_duration_seconds_count') === 1 ? now : null;
  });
  const kind = 'prompt';
  expect(scrape.value('saas_codex_run_duration_seconds_count', { kind, outcome: 'succeeded' })).toBe(1);
  expect(scrape.value('saas_codex_jail_starts_total', { kind, outcome: 'started' })).toBeGreaterThan(0);
  expect(scrape.value('saas_codex_jail_start_seconds_count', { kind })).toBeGreaterThan(0);
  expect(scrape.value('saas_codex_model_calls_total', { outcome: 'answered' })).toBe(2);
  expect(scrape.value('saas_codex_model_first_byte_seconds_count')).toBe(2);
  expect(scrape.value('saas_codex_model_tokens_total', { kind: 'input' })).toBeGreaterThan(0);
  expect(scrape.value('saas_codex_egress_refusals_total', { reason: 'network_off' })).toBeGreaterThan(0);
  expect(scrape.value('saas_codex_runs_active')).toBe(1);
  expect(scrape.value('saas_codex_queue_runs', { state: 'active' })).toBe(1);
  expect(scrape.value('saas_codex_queue_runs', { state: 'prioritized' })).toBe(1);
  const route = { method: 'POST', route: '/runs', status: '202' };
  expect(scrape.value('saas_codex_http_request_duration_seconds_count', route)).toBe(3);
});

it('does not accept the service credential', async () => {
  const { status, body } = await runner.call('GET', '/metrics');
  expect([status, body]).toMatchObject([401, { code: 'unauthenticated' }]);
});
