import { useEffect } from 'react';
import { later } from '../../shared/ui/later.js';

/** The steps of a run. Those of an ended run are folded away: the page shows its answer without the code for them. */
export const RunSteps = later(async () => (await import('./entry-list.js')).EntryList);

const SOON_MS = 500;

/** Loads the code for steps once the page has had time to show its answer, before a reader asks for them. */
export function usePrepareSteps(): void {
  useEffect(() => {
    const timer = setTimeout(RunSteps.prepare, SOON_MS);
    return () => clearTimeout(timer);
  }, []);
}
