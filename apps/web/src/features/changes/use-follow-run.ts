import type { Session } from '@saas-codex/contracts/sessions';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { diffKeys } from '../../entities/session/api/get-diff.js';
import { useTimelineValue } from '../../entities/timeline/run-log.js';
import type { RunTimeline } from '../../entities/timeline/run-timeline.js';

const REFRESH_EVERY_MS = 2_000;

/**
 * Reloads the lists of changed files when a run may have changed files, at most every two seconds, and once more when
 * the run has ended.
 */
export function useFollowRun({ session_id: sessionId, active_run_id: activeRun, diff }: Session): void {
  const client = useQueryClient();
  const touches = useTimelineValue(activeRun, fileTouches);
  const lastRefresh = useRef(0);
  const state = `${activeRun}/${touches}/${JSON.stringify(diff)}`;
  const seen = useRef(state);

  useEffect(() => {
    if (seen.current === state) return;
    const wait = Math.max(0, lastRefresh.current + REFRESH_EVERY_MS - Date.now());
    const timer = setTimeout(() => {
      seen.current = state;
      lastRefresh.current = Date.now();
      void client.invalidateQueries({ queryKey: diffKeys.lists(sessionId) });
    }, wait);
    return () => clearTimeout(timer);
  }, [client, sessionId, state]);
}

const fileTouches = (timeline: RunTimeline): number => timeline.fileTouches;
