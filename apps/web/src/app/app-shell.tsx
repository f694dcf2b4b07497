import { useQuery } from '@tanstack/react-query';
import { Outlet, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { needsYouQuery } from '../entities/session/needs-you.js';
import { closeSessionDialog, sessionDialog } from '../entities/session/session-dialog.js';
import { Sidebar } from '../features/sidebar/sidebar.js';
import { focusContent } from '../shared/lib/focus.js';
import { useStore } from '../shared/lib/store.js';
import { useTabCount } from '../shared/lib/tab-badge.js';
import { useIsPhone } from '../shared/lib/use-media-query.js';
import { useShortcut } from '../shared/lib/use-shortcut.js';
import { later } from '../shared/ui/later.js';
import { sidebar, useSidebarShown } from '../shared/ui/sidebar-store.js';
import { ConnectionNotice } from './connection-notice.js';
import { DemoBanner } from './demo-banner.js';
import { useActivity } from './use-activity.js';

const ShortcutsDialog = later(
  async () => (await import('../features/palette/shortcuts-dialog.js')).ShortcutsDialog,
);
const CommandPalette = later(
  async () => (await import('../features/palette/command-palette.js')).CommandPalette,
);
const OpenSessionDialog = later(async () => (await import('./session-dialogs.js')).OpenSessionDialog);
const SidebarDrawer = later(async () => (await import('./sidebar-drawer.js')).SidebarDrawer);

/** Everything around a page: sidebar (a drawer on phones), banner, palette, dialogs, live updates. */
export function AppShell() {
  useActivity();
  useTabCount(useQuery(needsYouQuery).data?.items.length ?? 0);
  const navigate = useNavigate();
  const dialog = useStore(sessionDialog);
  const phone = useIsPhone();
  const sidebarShown = useSidebarShown();
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const openPalette = () => setPaletteOpen(true);
  const openHelp = () => setHelpOpen(true);
  useShortcut('k', openPalette);
  useShortcut('b', sidebar.toggle);
  useShortcut('?', openHelp, { plain: true });
  useShortcut('o', () => void navigate({ to: '/' }), { shift: true });

  return (
    <div className="flex h-full">
      <SkipLink />
      {!phone && sidebarShown && (
        <aside aria-label="Sidebar" className="w-66 shrink-0 border-r">
          <Sidebar onSearch={openPalette} onCollapse={sidebar.toggle} />
        </aside>
      )}
      {phone && sidebarShown && <SidebarDrawer onSearch={openPalette} />}
      <div className="flex min-w-0 flex-1 flex-col">
        <DemoBanner />
        <div className="relative min-h-0 flex-1">
          <ConnectionNotice />
          <Outlet />
        </div>
      </div>
      {paletteOpen && <CommandPalette onClose={() => setPaletteOpen(false)} onShortcuts={openHelp} />}
      {helpOpen && <ShortcutsDialog onClose={() => setHelpOpen(false)} />}
      {dialog && <OpenSessionDialog {...dialog} onClose={closeSessionDialog} />}
    </div>
  );
}

/** The first stop of the Tab key: it skips the sidebar. */
const SkipLink = () => (
  <button
    type="button"
    onClick={focusContent}
    className="sr-only rounded-lg border bg-popover px-3 py-1.5 text-sm shadow-popover focus:not-sr-only focus:fixed focus:top-2.5 focus:left-2.5 focus:z-50"
  >
    Skip to content
  </button>
);
