import { useStoredText } from '../../shared/lib/stored.js';

/** Old and new side by side, or one below the other. */
export type DiffLayout = 'split' | 'unified';

/** The reader's choice, remembered. */
export function useDiffLayout(): [DiffLayout, (layout: DiffLayout) => void] {
  const [value, setValue] = useStoredText('diff-layout', 'unified');
  return [value === 'split' ? 'split' : 'unified', setValue];
}
