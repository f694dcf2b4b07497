import { useEffect, useSyncExternalStore } from 'react';
import type { RunTimeline } from '../fold/run-timeline.js';
import { runLog } from './run-log.js';

/** A run's events, folded: from the beginning, then live. They are asked for while `wanted`. */
export function useRunTimeline(runId: string, wanted = true): RunTimeline {
  const log = runLog(runId);
  useEffect(() => (wanted ? log.hold() : undefined), [log, wanted]);
  return useSyncExternalStore(log.subscribe, log.read);
}
