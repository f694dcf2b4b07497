import type { NeedsYou, NeedsYouReason } from '@saas-codex/contracts/needs-you';
import { SessionPage } from '@saas-codex/contracts/sessions';
import { queryOptions } from '@tanstack/react-query';
import { request } from '../../shared/api/request.js';
import { lookUp } from '../../shared/lib/open-enums.js';
import { sessionKeys } from './session-cache.js';

/** More than this wait in no list, and are not counted. */
const MAX = 100;

/** The sessions that wait for this person, latest activity first. */
export const needsYouQuery = queryOptions({
  queryKey: sessionKeys.needsYou,
  queryFn: ({ signal }) =>
    request('/api/sessions', { schema: SessionPage, query: { needs_you: true, limit: MAX }, signal }),
});

const REASON_TEXTS: Record<NeedsYouReason, string> = {
  approval_pending: 'Waits for your answer',
  limit_reached: 'Waits at a limit',
  session_failed: 'Could not be set up',
  setup_failed: 'Waits for the setup',
  queue_held: 'Queue on hold',
  run_failed: 'The last prompt failed',
};

/** Why it waits for somebody, in a few words. */
export const needsYouText = ({ reason }: NeedsYou): string => lookUp(REASON_TEXTS, reason) ?? 'Waits for you';
