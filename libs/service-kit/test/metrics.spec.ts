import { jest } from '@jest/globals';
import { Metrics } from '../src/metrics/metrics.js';

afterEach(() => jest.useRealTimers());

const linesOf = (text: string) => text.split('\n').filter((line) => line.startsWith('saas_codex_'));

it('reports all other metrics when a gauge fails', async () => {
  const metrics = new Metrics(undefined);
  let unavailable = false;
  const fail = () => {
    if (unavailable) throw new Error('the store is unavailable');
  };
  metrics.counter({ name: 'events_total', help: 'h' }).inc(2);
  metrics.gauge({
    name: 'lag_seconds',
    help: 'h',
    collect() {
      fail();
      this.set(7);
    },
  });
  metrics.gauge({
    name: 'runs',
    help: 'h',
    labelNames: ['status'],
    async collect() {
      fail();
      this.set({ status: 'queued' }, 3);
    },
  });
  expect(linesOf(await metrics.read())).toEqual([
    'saas_codex_events_total 2',
    'saas_codex_lag_seconds 7',
    'saas_codex_runs{status="queued"} 3',
  ]);
  unavailable = true;
  expect(linesOf(await metrics.read())).toEqual(['saas_codex_events_total 2', 'saas_codex_lag_seconds Nan']);
});

it('does not wait for a store that hangs', async () => {
  jest.useFakeTimers();
  const metrics = new Metrics(undefined);
  metrics.gauge({
    name: 'runs',
    help: 'h',
    labelNames: ['status'],
    collect: () => new Promise(() => undefined),
  });
  metrics.counter({ name: 'events_total', help: 'h' });
  const text = metrics.read();
  await jest.advanceTimersByTimeAsync(3_000);
  expect(linesOf(await text)).toEqual(['saas_codex_events_total 0']);
});
