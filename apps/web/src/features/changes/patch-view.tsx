import { PatchDiff } from '@pierre/diffs/react';
import { memo, useMemo } from 'react';
import { CODE_THEMES } from '../../shared/lib/code-themes.js';
import { useStoredText } from '../../shared/lib/stored.js';
import { useTheme } from '../../shared/ui/theme.js';
import './patch-view.css';

/** Old and new side by side, or one below the other. */
export type DiffLayout = 'split' | 'unified';

/** The reader's choice, kept in this browser. */
export function useDiffLayout(): [DiffLayout, (layout: DiffLayout) => void] {
  const [value, setValue] = useStoredText('diff-layout', 'unified');
  return [value === 'split' ? 'split' : 'unified', setValue];
}

/** Draws a unified diff of one file. */
export const PatchView = memo(({ patch, layout }: { patch: string; layout: DiffLayout }) => {
  const theme = useTheme();
  const options = useMemo(
    () =>
      ({
        theme: CODE_THEMES,
        themeType: theme,
        diffStyle: layout,
        disableFileHeader: true,
        diffIndicators: 'bars',
        lineDiffType: 'word-alt',
        hunkSeparators: 'line-info-basic',
        overflow: 'wrap',
      }) as const,
    [theme, layout],
  );
  return <PatchDiff className="patch-view" patch={patch} options={options} disableWorkerPool />;
});
