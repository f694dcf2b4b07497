import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../../../entities/session/api/get-session.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import { shareLinkOfPage } from '../../../shared/api/shared-page.js';

/** The session, if the person may change its files; else null. */
export function useMayEdit(sessionId: string): Session | null {
  const mayPrompt = usePermission('runs:create');
  const isOwnPage = shareLinkOfPage() === undefined;
  const { data } = useQuery({ ...sessionQuery(sessionId), enabled: mayPrompt && isOwnPage });
  return mayPrompt && isOwnPage && data?.status === 'ready' ? data : null;
}
