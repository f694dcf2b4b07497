import { useLocation, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import { z } from 'zod';
import { stored } from '../../shared/lib/stored.js';

/**
 * The state of the panel beside the conversation is in the address (`?panel=changes&run=…&file=…`), so that a reload and a link
 * keep it, and so that the conversation can open the panel without importing it. The fragment stays: on the page of a link it has the link's secret.
 */
export const SessionSearch = z.object({
  panel: z.enum(['changes', 'files', 'closed']).optional().catch(undefined),
  /** Show what this run changed; without it, everything since the session began. */
  run: z.string().optional().catch(undefined),
  /** Show what has changed since the reader's last review. */
  since: z.enum(['review']).optional().catch(undefined),
  /** The file to scroll to; in Files, the file that is shown. */
  file: z.string().optional().catch(undefined),
});
export type SessionSearch = z.infer<typeof SessionSearch>;

/** Whether the panel was open last time: other sessions start the same way. */
const OPEN_KEY = 'changes-open';
export const prefersChangesOpen = (): boolean => stored.read(OPEN_KEY) !== null;

/** `panel` is undefined until the person opens or closes the panel in this session. */
export const useChangesLocation = (): SessionSearch => useSearch({ strict: false });

declare module '@tanstack/react-router' {
  interface HistoryState {
    changesShownAt?: number;
  }
}

/** When Changes was last asked to show something, so that choosing the same file again scrolls to it again. */
export const useChangesShownAt = (): number =>
  useLocation({ select: ({ state }) => state.changesShownAt ?? 0 });

/** What Changes shows, and where it scrolls to. */
export type ChangesTarget = Pick<SessionSearch, 'run' | 'since' | 'file'>;

/** Opens Changes, at a run or a file. */
export const useShowChanges = (): ((target?: ChangesTarget) => void) => useShowPanel('changes');

/** Opens Files, at a file. */
export const useShowFiles = (): ((target?: Pick<SessionSearch, 'file'>) => void) => useShowPanel('files');

function useShowPanel(panel: 'changes' | 'files'): (target?: ChangesTarget) => void {
  const navigate = useNavigate();
  return useCallback(
    (target = {}) => {
      stored.write(OPEN_KEY, 'yes');
      void navigate({
        to: '.',
        hash: true,
        search: { panel, ...target },
        state: (before) => ({ ...before, changesShownAt: Date.now() }),
        replace: true,
      });
    },
    [navigate, panel],
  );
}

export function useHideChanges(): () => void {
  const navigate = useNavigate();
  return useCallback(() => {
    stored.write(OPEN_KEY, null);
    void navigate({ to: '.', hash: true, search: { panel: 'closed' }, replace: true });
  }, [navigate]);
}
