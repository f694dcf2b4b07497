import type { Run, RunStatus } from '@saas-codex/contracts/runs';
import { orderRuns } from '../../../src/entities/run/run-order.js';

/** @param statuses oldest first, which is easier to read; the API lists newest first */
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
  it('orders all pages oldest first', () =>
    expect(order('succeeded', 'failed', 'cancelled', 'interrupted')).toEqual(['0123', '', null]));

  it('queues prompts behind the running one', () =>
    expect(order('succeeded', 'running', 'queued', 'queued')).toEqual(['01', '23', '1']));

  it('shows the next prompt in the conversation if nothing is running', () =>
    expect(order('succeeded', 'queued', 'queued')).toEqual(['01', '2', null]));

  it('leaves out prompts that were removed from the queue', () =>
    expect(order('running', 'removed', 'queued')).toEqual(['0', '2', '0']));

  it('keeps prompts that a stop has held in the queue, behind one that was sent later', () => {
    const run = (name: string, status: RunStatus, held: boolean) =>
      ({ run_id: name, kind: 'prompt', status, held, started_at: status === 'queued' ? null : '1' }) as Run;
    const read = (...newestFirst: Run[]) => {
      const data = { pages: [{ items: newestFirst, next_cursor: null }], pageParams: [] };
      const { conversation, queue, busy } = orderRuns(data);
      return [...[conversation, queue].map((list) => list.map(({ run_id }) => run_id).join(' ')), busy];
    };
    const before = [run('c', 'queued', true), run('b', 'queued', true), run('a', 'cancelled', false)];
    expect(read(...before)).toEqual(['a', 'b c', false]);
    expect(read(run('d', 'queued', false), ...before)).toEqual(['a d', 'b c', true]);
  });

  it('puts prompts that wait in the order of their positions, behind one that a runner has', () => {
    const run = (name: string, queue_position: number | null, held = false) =>
      ({ run_id: name, kind: 'prompt', status: 'queued', held, queue_position, started_at: null }) as Run;
    const items = [run('a', 2), run('b', 1, true), run('c', 1), run('d', null)];
    const { conversation, queue, waiting } = orderRuns({
      pages: [{ items, next_cursor: null }],
      pageParams: [],
    });
    expect([conversation, queue, waiting].map((list) => list.map(({ run_id }) => run_id).join(' '))).toEqual([
      'd',
      'c a b',
      'c a b',
    ]);
  });

  describe('with a setup script', () => {
    const run = (name: string, kind: Run['kind'], status: RunStatus, began: string | null = null) =>
      ({ run_id: name, kind, status, started_at: began, ended_at: null, created_at: '' }) as Run;
    const read = (held: boolean, ...newestFirst: Run[]) => {
      const data = { pages: [{ items: newestFirst, next_cursor: null }], pageParams: [] };
      const { conversation, queue } = orderRuns(data, held);
      return [conversation, queue].map((list) => list.map(({ run_id }) => run_id).join(' '));
    };

    it('puts a repeated setup before the prompts that wait for it', () => {
      const [failed, prompt] = [run('s1', 'setup', 'failed', '1'), run('p', 'prompt', 'queued')];
      expect(read(false, run('s2', 'setup', 'queued'), prompt, failed)).toEqual(['s1 s2', 'p']);
    });

    it('keeps prompts in the queue while a person has to decide about the setup', () => {
      expect(read(true, run('p', 'prompt', 'queued'), run('s1', 'setup', 'failed', '1'))).toEqual([
        's1',
        'p',
      ]);
    });

    it('orders runs by when they began', () => {
      const prompt = run('p', 'prompt', 'running', '3');
      const setups = [run('s2', 'setup', 'succeeded', '2'), run('s1', 'setup', 'failed', '1')] as const;
      expect(read(false, setups[0], prompt, setups[1])).toEqual(['s1 s2 p', '']);
    });
  });

  it('is empty before the list has loaded', () =>
    expect(orderRuns(undefined)).toEqual({
      conversation: [],
      queue: [],
      waiting: [],
      running: null,
      busy: false,
    }));
});
