import { useEffect, useSyncExternalStore } from 'react';
import { EMPTY_TIMELINE } from '../fold/fold.js';
import type { RunTimeline } from '../fold/run-timeline.js';
import { runLog } from './run-log.js';

/** A run's events, folded: from the beginning, then live. They are asked for while `wanted`; null: no run. */
export function useRunTimeline(runId: string | null, wanted = true): RunTimeline {
  const log = runId === null ? NO_LOG : runLog(runId);
  useEffect(() => (wanted ? log.hold() : undefined), [log, wanted]);
  return useSyncExternalStore(log.subscribe, log.read);
}

const nothing = () => {};
const NO_LOG = { hold: () => nothing, subscribe: () => nothing, read: () => EMPTY_TIMELINE };
