import type { Session } from '@saas-codex/contracts/sessions';
import { prefersChangesOpen, useChangesLocation } from '../../shared/navigation/changes-location.js';
import { useMediaQuery } from '../../shared/lib/use-media-query.js';

/**
 * Whether Changes is open: as the address says, else as the person left it last where there is room. Never because of
 * what a run does, so that the conversation does not move under who reads it.
 */
export function useChangesShown(session: Session): boolean {
  const { panel } = useChangesLocation();
  const roomy = useMediaQuery('(min-width: 1280px)');
  if (session.status === 'failed') return false;
  return panel ? panel === 'changes' : roomy && prefersChangesOpen();
}
