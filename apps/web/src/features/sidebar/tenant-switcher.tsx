import type { Me } from '@saas-codex/contracts/identity';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ChevronsUpDown } from 'lucide-react';
import { useState } from 'react';
import { tenantsQuery, useChooseTenant } from '../../entities/tenant/api/tenants.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { BrandMark } from '../../shared/ui/brand-mark.js';
import { later } from '../../shared/ui/later.js';
import { DropdownMenu, type MenuActions } from '../../shared/ui/menu.js';
import { sidebar } from '../../shared/ui/sidebar-store.js';
import { toastError } from '../../shared/ui/toast.js';

const CreateTenantDialog = later(
  async () => (await import('../../entities/tenant/create-tenant-dialog.js')).CreateTenantDialog,
);

/** Shows the organisation that the page is about. Its menu switches to another one, or creates one. */
export function TenantSwitcher({ tenant }: Pick<Me, 'tenant'>) {
  const navigate = useNavigate();
  const mayCreate = usePermission('tenants:create');
  const [creating, setCreating] = useState(false);
  // Most people belong to one organisation, so the list is read for who is about to open the menu.
  const [wanted, setWanted] = useState(false);
  const { data: tenants, isError, refetch } = useQuery({ ...tenantsQuery, enabled: wanted });
  const choose = useChooseTenant();
  const want = () => setWanted(true);
  const openSettings = () => {
    sidebar.closeDrawer();
    void navigate({ to: '/settings/$page', params: { page: 'organisation' } });
  };
  const switches: MenuActions = tenants?.map(({ tenant_id: id, name, current, deletes_at }) => ({
    label: deletes_at ? `${name} (deleted)` : name,
    checked: current,
    onSelect: () => {
      if (!current) choose.mutate(id, { onError: (error) => toastError(error) });
    },
  })) ?? [
    isError
      ? { label: 'Your organisations could not be read. Try again', onSelect: () => void refetch() }
      : { label: 'Loading your organisations…', disabled: true, onSelect: () => {} },
  ];
  const actions: MenuActions = [
    ...switches,
    null,
    ...(mayCreate ? [{ label: 'Create an organisation…', onSelect: () => setCreating(true) }] : []),
    { label: 'Settings of the organisation', onSelect: openSettings },
  ];
  return (
    <>
      <DropdownMenu actions={actions} align="start">
        <button
          type="button"
          onPointerEnter={want}
          onFocus={want}
          className="flex h-9 min-w-0 flex-1 items-center gap-2 rounded-lg px-1.5 text-left hover:bg-hover data-[state=open]:bg-hover pointer-coarse:h-11"
        >
          <BrandMark />
          <span className="truncate text-sm font-semibold tracking-tight">{tenant.name}</span>
          <span className="sr-only">, switch the organisation</span>
          <ChevronsUpDown
            aria-hidden
            className="size-3.5 shrink-0 text-muted-foreground"
            strokeWidth={1.75}
          />
        </button>
      </DropdownMenu>
      {creating && <CreateTenantDialog onClose={() => setCreating(false)} />}
    </>
  );
}
