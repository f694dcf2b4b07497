import type { EngineCapabilities } from '@saas-codex/contracts/system';
import { type EngineEvent, type RunningTurn, UnsupportedByEngineError } from './engine.js';

/** Of an engine whose process reads its input once and then only prints. */
export const ONE_WAY: EngineCapabilities = {
  steer: false,
  approvals: false,
  deltas: false,
  reviews: false,
  compact: false,
};

/**
 * A turn that can only be interrupted.
 * @param engine name for the refusal of everything else
 * @param work ends its process when the signal is aborted
 */
export function oneWayTurn(
  engine: string,
  work: (signal: AbortSignal) => AsyncIterable<EngineEvent>,
): RunningTurn {
  const interruption = new AbortController();
  return {
    events: work(interruption.signal),
    interrupt: async () => interruption.abort(),
    steer: () => Promise.reject(new UnsupportedByEngineError(engine, 'steer')),
    answer: () => Promise.reject(new UnsupportedByEngineError(engine, 'approvals')),
  };
}
