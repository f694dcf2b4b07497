import { setupState } from '../../../src/entities/session/session-state.js';

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
