import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { House, PanelLeft, Search, SquarePen } from 'lucide-react';
import { useState } from 'react';
import { meQuery } from '../../shared/api/get-me.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { BrandMark } from '../../shared/ui/brand-mark.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Kbd } from '../../shared/ui/kbd.js';
import { sidebar } from '../../shared/ui/sidebar-store.js';
import { SessionList } from './session-list.js';
import { SidebarFooter } from './sidebar-footer.js';
import { TenantSwitcher } from './tenant-switcher.js';

interface SidebarProps {
  onSearch: () => void;
  /** Left out in the drawer, which cannot be collapsed. */
  onCollapse?: () => void;
}

/** The left column: new session, search, all sessions, settings. */
export function Sidebar({ onSearch, onCollapse }: SidebarProps) {
  const [archived, setArchived] = useState(false);
  const { data: me } = useQuery(meQuery);
  const mayStart = usePermission('sessions:write');
  const search = () => {
    sidebar.closeDrawer();
    onSearch();
  };
  return (
    <div className="flex h-full flex-col bg-sidebar">
      <div className="flex h-13 shrink-0 items-center gap-2 px-2">
        {me ? <TenantSwitcher tenant={me.tenant} /> : <Brand />}
        {onCollapse && (
          <IconButton label="Collapse sidebar" shortcut={['mod', 'B']} onClick={onCollapse}>
            <PanelLeft strokeWidth={1.75} />
          </IconButton>
        )}
      </div>
      <div className="flex flex-col gap-px px-2 pb-2">
        <Link
          to="/"
          activeOptions={{ exact: true }}
          className={ENTRY}
          activeProps={{ className: 'bg-selected' }}
        >
          {mayStart ? (
            <SquarePen aria-hidden className="size-4" strokeWidth={1.75} />
          ) : (
            <House aria-hidden className="size-4" strokeWidth={1.75} />
          )}
          {mayStart ? 'New session' : 'Home'}
        </Link>
        <button type="button" onClick={search} className={`${ENTRY} group`}>
          <Search aria-hidden className="size-4 text-muted-foreground" strokeWidth={1.75} />
          <span className="flex-1 text-left text-muted-foreground">Search</span>
          <span className="pointer-coarse:hidden">
            <Kbd keys={['mod', 'K']} />
          </span>
        </button>
      </div>
      <SessionList archived={archived} />
      <SidebarFooter archived={archived} onArchivedChange={setArchived} />
    </div>
  );
}

const ENTRY =
  'flex h-8 items-center pointer-coarse:h-11 gap-2.5 rounded-lg px-2 text-sm font-medium hover:bg-hover';

/** In place of the organisation, as long as nobody knows which one it is. */
const Brand = () => (
  <span className="flex min-w-0 flex-1 items-center gap-2 px-1.5">
    <BrandMark />
    <span className="truncate text-sm font-semibold tracking-tight">saas-codex</span>
  </span>
);
