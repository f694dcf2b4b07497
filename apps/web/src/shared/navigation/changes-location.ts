import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import { z } from 'zod';

/**
 * Where the Changes panel stands lives in the address (`?panel=changes&run=…&file=…`), so that a reload, a link and
 * the back button keep it, and so that the conversation can open it without knowing the panel.
 */
export const SessionSearch = z.object({
  panel: z.enum(['changes', 'closed']).optional().catch(undefined),
  /** Show what this run changed; left out: everything since the session began. */
  run: z.string().optional().catch(undefined),
  /** The file to scroll to. */
  file: z.string().optional().catch(undefined),
});
export type SessionSearch = z.infer<typeof SessionSearch>;

const SESSION_ROUTE = '/shell/sessions/$sessionId';

/** `panel` is undefined while the person has not chosen: the page decides by the room there is. */
export const useChangesLocation = (): SessionSearch => useSearch({ from: SESSION_ROUTE });

/** Opens Changes, at a run or a file. */
export function useShowChanges(): (target?: { run?: string; file?: string }) => void {
  const navigate = useNavigate();
  return useCallback(
    (target = {}) =>
      void navigate({ from: '/sessions/$sessionId', to: '.', search: { panel: 'changes', ...target } }),
    [navigate],
  );
}

export function useHideChanges(): () => void {
  const navigate = useNavigate();
  return useCallback(
    () => void navigate({ from: '/sessions/$sessionId', to: '.', search: { panel: 'closed' } }),
    [navigate],
  );
}
