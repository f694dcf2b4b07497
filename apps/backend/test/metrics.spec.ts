import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Me } from '@saas-codex/contracts/identity';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { Scrape } from '@saas-codex/testing/prometheus';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

const TOKEN = 'a-token-for-metrics-0123456789abcdef';
const STARTED = { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' } as const;
let backend: TestBackend;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;

beforeAll(async () => {
  runner = await startSilentRunner();
  backend = await startBackend({ RUNNER_URL: runner.url, METRICS_TOKEN: TOKEN });
});
afterAll(async () => {
  await backend.stop();
  runner.stop();
});

const scrape = () => Scrape.of(backend.url, TOKEN);

it('report runs, clones, event streams and the archive', async () => {
  const { session_id } = (await (await backend.post('/api/sessions', {})).json()) as Session;
  const prompted = await backend.post(`/api/sessions/${session_id}/prompt`, { prompt: 'Say hello' });
  const { run_id: runId } = (await prompted.json()) as Run;
  const me = (await (await backend.fetch('/api/me')).json()) as Me;
  const headers = { authorization: `Bearer ${backend.ownerToken}` };
  const watcher = await openSse(`${backend.url}/api/runs/${runId}/events`, { headers });
  const before = await waitFor(async () => {
    const now = await scrape();
    return now.value('saas_codex_sse_clients', { stream: 'run' }) === 1 ? now : null;
  });
  expect(before.value('saas_codex_runs', { status: 'queued' })).toBe(1);
  expect(before.value('saas_codex_archive_lag_seconds')).toBe(0);
  expect(before.value('saas_codex_redis_memory_bytes', { kind: 'used' })).toBeGreaterThan(0);
  expect(before.value('saas_codex_redis_memory_bytes', { kind: 'limit' })).toBe(0);
  expect(before.value('saas_codex_clone_duration_seconds_count', { outcome: 'made' })).toBe(1);

  const redis = connectRedis(backend.config.REDIS_URL);
  const owner = { runId, sessionId: session_id, tenantId: me.tenant.tenant_id };
  const logs = new RunLogs(redis, backend.config.WORKSPACES_ROOT);
  await logs.startLog(owner, STARTED);
  await logs.endLog(owner, 'run.succeeded', {});
  await watcher.ended();
  redis.disconnect();

  const after = await waitFor(async () => {
    const now = await scrape();
    return now.value('saas_codex_archived_events_total') === 2 ? now : null;
  });
  expect(after.value('saas_codex_runs_ended_total', { kind: 'prompt', status: 'succeeded' })).toBe(1);
  expect(after.value('saas_codex_runs')).toBe(0);
  expect(after.value('saas_codex_event_lag_seconds_count', { stream: 'run' })).toBeGreaterThan(0);
  const route = { method: 'POST', route: '/api/sessions/:session_id/prompt', status: '202' };
  expect(after.value('saas_codex_http_request_duration_seconds_count', route)).toBe(1);
});

it("cannot be read with a person's credential and are not part of the API description", async () => {
  expect((await backend.fetch('/metrics')).status).toBe(401);
  expect(await (await backend.fetch('/api/openapi.json')).text()).not.toContain('/metrics');
});
