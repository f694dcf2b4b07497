import type { Run, RunStatus } from '@saas-codex/contracts/runs';
import { orderRuns } from './run-order.js';

/** Oldest first, as it is easiest to read; the API lists newest first. */
function order(...statuses: (RunStatus | 'removed')[]) {
  const runs = statuses.map((status, index) => ({
    run_id: `${index}`,
    status: status === 'removed' ? 'cancelled' : status,
    started_at: status === 'queued' || status === 'removed' ? null : '2026-01-01T00:00:00.000Z',
  })) as Run[];
  const newestFirst = runs.toReversed();
  const pages = [newestFirst.slice(0, 2), newestFirst.slice(2)].map((items) => ({
    items,
    next_cursor: null,
  }));
  const { conversation, queue, running } = orderRuns({ pages, pageParams: [] });
  const ids = (list: readonly Run[]) => list.map(({ run_id }) => run_id).join('');
  return [ids(conversation), ids(queue), running?.run_id ?? null];
}

describe('orderRuns', () => {
  it('reads oldest first over all pages', () =>
    expect(order('succeeded', 'failed', 'cancelled', 'interrupted')).toEqual(['0123', '', null]));

  it('lets prompts wait behind the running one', () =>
    expect(order('succeeded', 'running', 'queued', 'queued')).toEqual(['01', '23', '1']));

  it('shows the next prompt in the conversation while nothing runs', () =>
    expect(order('succeeded', 'queued', 'queued')).toEqual(['01', '2', null]));

  it('forgets prompts that were taken out of the queue', () =>
    expect(order('running', 'removed', 'queued')).toEqual(['0', '2', '0']));

  it('is empty before the list has come', () =>
    expect(orderRuns(undefined)).toEqual({ conversation: [], queue: [], running: null }));
});
