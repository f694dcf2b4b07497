import type { Session } from '@saas-codex/contracts/sessions';
import { prefersChangesClosed, useChangesLocation } from '../../shared/navigation/changes-location.js';
import { useMediaQuery } from '../../shared/lib/use-media-query.js';

/** Whether Changes is open: as the address says, else open where there is something to see and room to show it. */
export function useChangesShown(session: Session): boolean {
  const { panel } = useChangesLocation();
  const roomy = useMediaQuery('(min-width: 1280px)');
  if (panel) return panel === 'changes';
  return roomy && session.diff !== null && session.diff.files > 0 && !prefersChangesClosed();
}
