import type { ReviewFinding } from '@saas-codex/contracts/items';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { reviewOf } from '../../entities/timeline/present.js';
import { useTimelineValue } from '../../entities/timeline/run-log.js';

/** What the session's latest review has found, by file. The lines are those of then. */
export function useFindings({ session_id: sessionId }: Session): ReadonlyMap<string, ReviewFinding[]> {
  const { data } = useInfiniteQuery(runsQuery(sessionId));
  const runs = data?.pages.flatMap(({ items }) => items) ?? [];
  const latest = runs.find(({ kind, status }) => kind === 'review' && status === 'succeeded');
  const review = useTimelineValue(latest?.run_id ?? null, reviewOf);
  return useMemo(() => byFile(review?.findings ?? []), [review]);
}

function byFile(findings: readonly ReviewFinding[]): Map<string, ReviewFinding[]> {
  const files = new Map<string, ReviewFinding[]>();
  for (const finding of findings) files.set(finding.path, [...(files.get(finding.path) ?? []), finding]);
  return files;
}
