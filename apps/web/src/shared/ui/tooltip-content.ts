import type { ReactNode } from 'react';

/** What a tooltip shows, and where. */
export interface TooltipContent {
  label: ReactNode;
  shortcut?: string[];
  side?: 'top' | 'right' | 'bottom' | 'left';
}
