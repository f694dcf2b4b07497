import { PanelLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from '../lib/cx.js';
import { IconButton } from './icon-button.js';
import { sidebar, useSidebarShown } from './sidebar-store.js';

/** The bar at the top of a page, with the button that shows a hidden sidebar. */
export function PageHeader({ bordered, children }: { bordered?: boolean; children?: ReactNode }) {
  const shown = useSidebarShown();
  return (
    <header className={cx('flex h-13 shrink-0 items-center gap-2 px-3', bordered && 'border-b')}>
      {!shown && (
        <IconButton label="Open sidebar" shortcut={['mod', 'B']} onClick={sidebar.toggle}>
          <PanelLeft strokeWidth={1.75} />
        </IconButton>
      )}
      {children}
    </header>
  );
}
