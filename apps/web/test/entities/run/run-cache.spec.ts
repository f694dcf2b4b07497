import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import type { Run } from '@saas-codex/contracts/runs';
import { placeRun, withStatus } from '../../../src/entities/run/run-cache.js';

const run = (id: string, change: Partial<Run> = {}) =>
  ({
    run_id: id,
    status: 'queued',
    started_at: null,
    ended_at: null,
    usage: null,
    error: null,
    ...change,
  }) as Run;
const report = (status: Run['status'], at = '2026-01-01T10:00:00.000Z') =>
  ({ status, at, error: null, usage: null }) as RunStatusActivity;

describe('withStatus', () => {
  it('sets when the run started and ended', () => {
    const running = withStatus(run('a'), report('running', '2026-01-01T10:00:00.000Z'));
    const ended = withStatus(running, report('succeeded', '2026-01-01T10:01:00.000Z'));
    expect(running).toMatchObject({
      status: 'running',
      started_at: '2026-01-01T10:00:00.000Z',
      ended_at: null,
    });
    expect(ended).toMatchObject({
      status: 'succeeded',
      started_at: '2026-01-01T10:00:00.000Z',
      ended_at: '2026-01-01T10:01:00.000Z',
    });
  });

  it('leaves an ended run ended', () => {
    const ended = run('a', { status: 'cancelled' });
    expect(withStatus(ended, report('running'))).toBe(ended);
  });
});

describe('placeRun', () => {
  const data = { pages: [{ items: [run('b'), run('a')], next_cursor: null }], pageParams: [null] };

  it('adds a new run first and replaces a known one', () => {
    expect(placeRun(data, run('c')).pages[0]?.items.map((item) => item.run_id)).toEqual(['c', 'b', 'a']);
    const replaced = placeRun(data, run('a', { status: 'running' }));
    expect(replaced.pages[0]?.items.map((item) => item.status)).toEqual(['queued', 'running']);
  });
});
