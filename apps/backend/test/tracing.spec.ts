/** One trace, from a click at the gateway to the model, over three services and a queue. */
import type { Run } from '@saas-codex/contracts/runs';
import { startOtlpReceiver } from '@saas-codex/testing/otlp-receiver';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startTestGateway, type TestGateway } from '@saas-codex/testing/gateway/gateway';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLICK = `00-${TRACE}-00f067aa0ba902b7-01`;

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
let world: SessionsWorld;
let gateway: TestGateway;

/** OpenTelemetry sends spans every 5 s by default. */
const SENT_SOON = { OTEL_BSP_SCHEDULE_DELAY: '100' };

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  Object.assign(process.env, SENT_SOON);
  world = await SessionsWorld.create(traced, { ...traced, ...SENT_SOON });
  await world.startRunner();
  const { url: backendUrl, config } = world.backend;
  gateway = await startTestGateway({ BACKEND_URL: backendUrl, REDIS_URL: config.REDIS_URL, ...traced });
});
afterAll(async () => {
  await gateway.stop();
  await world.destroy();
  receiver.stop();
});

async function prompt(headers: Record<string, string>): Promise<Run> {
  const session = await world.sessionIs((await world.begin({})).session_id, 'ready');
  const answer = await fetch(`${gateway.url}/api/sessions/${session.session_id}/prompt`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.backend.ownerToken}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify({ prompt: 'Note this' }),
  });
  const run = (await answer.json()) as Run;
  return world.runIs(run.run_id, 'succeeded');
}

const spansOf = (traceId: string) => receiver.spans.filter((span) => span.traceId === traceId);

it('contains the spans of every service, each under its parent', async () => {
  const { run_id: runId } = await prompt({ traceparent: CLICK });
  const names = ['POST /api/*', 'dispatch', 'POST /runs', 'queue wait', 'turn', 'jail start', 'model call'];
  await waitFor(() => names.every((name) => spansOf(TRACE).some((span) => span.name === name)), {
    what: 'the spans',
  });
  const spans = spansOf(TRACE);
  const of = (name: string, service: string) => {
    const span = spans.find((one) => one.name === name && one.service === `saas-codex-${service}`);
    if (!span) throw new Error(`${service} sent no span ${name}`);
    return span;
  };
  const parents: [name: string, service: string, parent: string][] = [
    ['POST /api/*', 'gateway', '00f067aa0ba902b7'],
    ['POST /api/sessions/:session_id/prompt', 'backend', of('POST /api/*', 'gateway').spanId],
    ['dispatch', 'backend', of('POST /api/sessions/:session_id/prompt', 'backend').spanId],
    ['POST /runs', 'runner', of('dispatch', 'backend').spanId],
    ['queue wait', 'runner', of('dispatch', 'backend').spanId],
    ['turn', 'runner', of('dispatch', 'backend').spanId],
    ['jail start', 'runner', of('turn', 'runner').spanId],
    ['model call', 'runner', of('turn', 'runner').spanId],
  ];
  expect(spans.length).toBeGreaterThanOrEqual(parents.length);
  for (const [name, service, parentSpanId] of parents)
    expect({ name, parentSpanId: of(name, service).parentSpanId }).toEqual({ name, parentSpanId });
  for (const name of ['queue wait', 'turn', 'jail start', 'model call'])
    expect(of(name, 'runner').attributes).toMatchObject({ run_id: runId });
  expect(JSON.stringify(spans)).not.toContain('Note this');
});

it('begins at the gateway when the caller sends no traceparent or an invalid one', async () => {
  const before = new Set(receiver.spans.map(({ traceId }) => traceId));
  const { run_id: runId } = await prompt({ traceparent: '00-zz' });
  const turn = await waitFor(() =>
    receiver.spans.find(({ name, attributes }) => name === 'turn' && attributes['run_id'] === runId),
  );
  expect(before.has(turn.traceId)).toBe(false);
  const root = await waitFor(() => spansOf(turn.traceId).find(({ parentSpanId }) => parentSpanId === ''));
  expect(root.service).toBe('saas-codex-gateway');
});
