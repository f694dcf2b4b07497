import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '../../shared/api/get-system.js';
import { usePermission } from '../../shared/api/use-permission.js';

/** What this person may have Codex do besides prompts, where the engine can. */
export function useCodexActions(): { mayReview: boolean; mayCompact: boolean } {
  const mayStart = usePermission('runs:create');
  // Others read it: a list of sessions must not.
  const { data } = useQuery({ ...systemQuery, enabled: false });
  const capabilities = mayStart ? data?.capabilities : undefined;
  return { mayReview: capabilities?.reviews ?? false, mayCompact: capabilities?.compact ?? false };
}
