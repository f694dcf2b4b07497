import { use, useState } from 'react';
import type { RunPhase } from '../../entities/timeline/present.js';
import { openedBelow } from '../../shared/ui/disclosure.js';
import { RowPlace } from './row-place.js';

/**
 * Whether the work of a run stays open when the run ends. It does not fold away under somebody who reads it: who has
 * scrolled up, or has opened one of its steps.
 */
export function useStaysOpen(runId: string, phase: RunPhase): boolean {
  const { readerAtEnd } = use(RowPlace);
  const [before, setBefore] = useState(phase);
  const [stays, setStays] = useState(false);
  if (phase !== before) {
    setBefore(phase);
    if (before === 'running') setStays(!readerAtEnd() || openedBelow(`${runId}/item:`).size > 0);
  }
  return stays;
}
