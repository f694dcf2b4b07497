import { Outlet, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useActivity } from '../features/activity/use-activity.js';
import { environmentDialog } from '../features/environment/dialogs-store.js';
import { openPalette, paletteOpen } from '../features/palette/palette-store.js';
import { Sidebar } from '../features/sidebar/sidebar.js';
import { ConnectionNotice } from '../features/system/connection-notice.js';
import { DemoBanner } from '../features/system/demo-banner.js';
import { useStore } from '../shared/lib/store.js';
import { useIsPhone } from '../shared/lib/use-media-query.js';
import { useShortcut } from '../shared/lib/use-shortcut.js';
import { SkipLink } from './skip-link.js';
import { SidebarDrawer } from './sidebar-drawer.js';
import { sidebar, useSidebarShown } from '../shared/ui/sidebar-store.js';

const CommandPalette = lazy(async () => ({
  default: (await import('../features/palette/command-palette.js')).CommandPalette,
}));

const EnvironmentDialogs = lazy(async () => ({
  default: (await import('../features/environment/environment-dialogs.js')).EnvironmentDialogs,
}));

/** Everything around a page: sidebar (a drawer on phones), banner, palette, live updates. */
export function AppShell() {
  useActivity();
  const navigate = useNavigate();
  const phone = useIsPhone();
  const shown = useSidebarShown();
  const paletteWanted = useStore(paletteOpen);
  const dialogWanted = useStore(environmentDialog) !== null;
  useShortcut('k', openPalette);
  useShortcut('b', sidebar.toggle);
  useShortcut('o', () => void navigate({ to: '/' }), { shift: true });

  return (
    <div className="flex h-full">
      <SkipLink />
      {!phone && shown && (
        <aside aria-label="Sidebar" className="w-66 shrink-0 border-r">
          <Sidebar onCollapse={sidebar.toggle} />
        </aside>
      )}
      {phone && <SidebarDrawer />}
      <div className="flex min-w-0 flex-1 flex-col">
        <DemoBanner />
        <div className="relative min-h-0 flex-1">
          <ConnectionNotice />
          <Outlet />
        </div>
      </div>
      <Suspense fallback={null}>{paletteWanted && <CommandPalette />}</Suspense>
      <Suspense fallback={null}>{dialogWanted && <EnvironmentDialogs />}</Suspense>
    </div>
  );
}
