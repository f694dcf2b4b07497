import type { Session } from '@saas-codex/contracts/sessions';
import { sessionState, setupState } from '../../../src/entities/session/session-state.js';

const AT_LIMIT = {
  reason: 'limit_reached',
  since: '2026-01-01T10:00:00.000Z',
  user_ids: [] as string[],
} as const;

describe('sessionState', () => {
  const ready = {
    status: 'ready',
    setup: null,
    setup_status: null,
    active_run_id: null,
    queued_runs: 0,
  } as Session;
  it.each([
    [{ last_run_status: 'failed' }, 'run-failed'],
    [{ active_run_id: 'a', needs_you: AT_LIMIT }, 'at-limit'],
    [{ active_run_id: 'a', needs_you: { ...AT_LIMIT, reason: 'approval_pending' } }, 'asks'],
    [{ last_run_status: 'interrupted' }, 'run-failed'],
    [{ last_run_status: 'cancelled' }, 'idle'],
    [{ last_run_status: 'succeeded' }, 'idle'],
    [{ last_run_status: null }, 'idle'],
    [{}, 'idle'],
    [{ last_run_status: 'failed', queued_runs: 1 }, 'queued'],
    [{ last_run_status: 'failed', active_run_id: 'a' }, 'running'],
    [{ last_run_status: 'failed', status: 'archived' }, 'archived'],
  ] as const)('%j: %s', (given, state) => expect(sessionState({ ...ready, ...given })).toBe(state));
});

describe('setupState', () => {
  const setup = { script: 'npm ci' };
  it.each([
    [null, null, 'none'],
    [null, 'failed', 'none'],
    [setup, null, 'held'],
    [setup, 'queued', 'pending'],
    [setup, 'running', 'pending'],
    [setup, 'failed', 'held'],
    [setup, 'cancelled', 'held'],
    [setup, 'interrupted', 'held'],
    [setup, 'succeeded', 'done'],
  ] as const)('%j, %s: %s', (script, status, state) =>
    expect(setupState({ setup: script, setup_status: status })).toBe(state),
  );
});
