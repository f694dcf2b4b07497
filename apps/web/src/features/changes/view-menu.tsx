import { SlidersHorizontal } from 'lucide-react';
import type { Whitespace } from '../../entities/session/api/get-diff.js';
import { useStoredText } from '../../shared/lib/stored.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { DropdownMenu, type MenuActions } from '../../shared/ui/menu.js';
import type { DiffLayout } from './patch-view.js';

/** The reader's choice, kept in this browser. */
export function useWhitespace(): [Whitespace, (whitespace: Whitespace) => void] {
  const [value, setValue] = useStoredText('diff-whitespace', 'show');
  return [value === 'ignore' ? 'ignore' : 'show', setValue];
}

/** How diffs are shown, as the reader has chosen. */
export interface ViewOptions {
  layout: DiffLayout;
  onLayout: (layout: DiffLayout) => void;
  whitespace: Whitespace;
  onWhitespace: (whitespace: Whitespace) => void;
}

export function ViewMenu({ layout, onLayout, whitespace, onWhitespace }: ViewOptions) {
  const actions: MenuActions = [
    { label: 'Unified', checked: layout === 'unified', onSelect: () => onLayout('unified') },
    { label: 'Split', checked: layout === 'split', onSelect: () => onLayout('split') },
    null,
    { label: 'Show white space', checked: whitespace === 'show', onSelect: () => onWhitespace('show') },
    { label: 'Hide white space', checked: whitespace === 'ignore', onSelect: () => onWhitespace('ignore') },
  ];
  return (
    <DropdownMenu actions={actions}>
      <IconButton label="View options">
        <SlidersHorizontal />
      </IconButton>
    </DropdownMenu>
  );
}
