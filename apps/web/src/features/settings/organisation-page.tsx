import type { Me } from '@saas-codex/contracts/identity';
import { TENANT_GRACE_DAYS } from '@saas-codex/contracts/tenants';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  tenantsQuery,
  useChangeTenant,
  useChooseTenant,
  useLeaveTenant,
} from '../../entities/tenant/api/tenants.js';
import { CreateTenantDialog } from '../../entities/tenant/create-tenant-dialog.js';
import { meQuery } from '../../shared/api/get-me.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { inWords } from '../../shared/lib/open-enums.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { NameDialog } from '../../shared/ui/name-dialog.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { toastError } from '../../shared/ui/toast.js';
import { Row, Section } from './section.js';

type Asking = 'rename' | 'create' | 'leave' | 'delete' | null;

/** The organisation that the page shows, and the person's others. */
export function OrganisationPage() {
  const { data: me, error, refetch } = useQuery(meQuery);
  if (me) return <Organisation tenant={me.tenant} />;
  return error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-40" />;
}

function Organisation({ tenant }: Pick<Me, 'tenant'>) {
  const [asking, setAsking] = useState<Asking>(null);
  const may = {
    rename: usePermission('tenants:update'),
    create: usePermission('tenants:create'),
    delete: usePermission('tenants:delete'),
  };
  const close = () => setAsking(null);
  const deleted = tenant.deletes_at !== null && tenant.deletes_at !== undefined;
  return (
    <>
      <Section title="This organisation">
        {deleted && <DeletedRow tenant={tenant} mayRestore={may.delete} />}
        <Row name="Name">
          <span className="flex items-center gap-3">
            {tenant.name}
            {may.rename && (
              <Button size="sm" onClick={() => setAsking('rename')}>
                Rename
              </Button>
            )}
          </span>
        </Row>
        <Row name="Leave" note="Your access and your API keys of this organisation end. Your sessions stay.">
          <Button size="sm" onClick={() => setAsking('leave')}>
            Leave
          </Button>
        </Row>
        {may.delete && !deleted && (
          <Row
            name="Delete"
            note={`Its runs stop at once. Its data is removed after ${TENANT_GRACE_DAYS} days; until then you can restore it.`}
          >
            <Button size="sm" onClick={() => setAsking('delete')}>
              Delete…
            </Button>
          </Row>
        )}
      </Section>
      <OtherOrganisations onCreate={may.create ? () => setAsking('create') : undefined} />
      {asking === 'rename' && <RenameDialog tenant={tenant} onClose={close} />}
      {asking === 'create' && <CreateTenantDialog onClose={close} />}
      {asking === 'leave' && <LeaveDialog tenant={tenant} onClose={close} />}
      {asking === 'delete' && <DeleteDialog tenant={tenant} onClose={close} />}
    </>
  );
}

interface TenantProps {
  tenant: Me['tenant'];
  onClose: () => void;
}

function DeletedRow({ tenant, mayRestore }: { tenant: Me['tenant']; mayRestore: boolean }) {
  const { restore } = useChangeTenant(tenant.tenant_id);
  const until = new Date(tenant.deletes_at ?? 0).toLocaleString();
  return (
    <Row
      name="This organisation was deleted"
      note={`Its data is removed on ${until}. ${mayRestore ? '' : 'Until then an owner can restore it.'}`}
    >
      {mayRestore && (
        <Button
          size="sm"
          variant="primary"
          busy={restore.isPending}
          onClick={() => restore.mutate(undefined, { onError: (error) => toastError(error) })}
        >
          Restore
        </Button>
      )}
    </Row>
  );
}

function OtherOrganisations({ onCreate }: { onCreate: (() => void) | undefined }) {
  const { data: tenants, error, refetch } = useQuery(tenantsQuery);
  const choose = useChooseTenant();
  const others = tenants?.filter(({ current }) => !current) ?? [];
  if (others.length === 0 && !onCreate && tenants) return null;
  return (
    <Section title="Your other organisations">
      {error && !tenants && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {!error && !tenants && <Skeleton className="my-3 h-6" />}
      {others.map(({ tenant_id: tenantId, name, role, deletes_at }) => (
        <div key={tenantId} className="flex items-center gap-4 py-3">
          <div className="min-w-0 flex-1">
            <p className="text-sm [overflow-wrap:anywhere]">{name}</p>
            <p className="text-xs text-muted-foreground">
              {inWords(role)}
              {deletes_at && ', deleted'}
            </p>
          </div>
          <Button
            size="sm"
            aria-label={`Switch to ${name}`}
            busy={choose.isPending && choose.variables === tenantId}
            onClick={() => choose.mutate(tenantId, { onError: (failure) => toastError(failure) })}
          >
            Switch
          </Button>
        </div>
      ))}
      {onCreate && (
        <Row name="Another organisation" note="With members, sessions and keys of its own.">
          <Button size="sm" onClick={onCreate}>
            Create…
          </Button>
        </Row>
      )}
    </Section>
  );
}

function RenameDialog({ tenant, onClose }: TenantProps) {
  const { rename } = useChangeTenant(tenant.tenant_id);
  return (
    <NameDialog
      title="Rename the organisation"
      action="Rename"
      initial={tenant.name}
      state={rename}
      onSubmit={(name) => rename.mutate({ name }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function DeleteDialog({ tenant, onClose }: TenantProps) {
  const { remove } = useChangeTenant(tenant.tenant_id);
  return (
    <NameDialog
      title={`Delete ${tenant.name}?`}
      action="Delete the organisation"
      description={`Everything stops at once, for all members. To confirm, repeat the name: ${tenant.name}`}
      danger
      initial=""
      expected={tenant.name}
      state={remove}
      onSubmit={(name) => remove.mutate(name, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function LeaveDialog({ tenant, onClose }: TenantProps) {
  const leave = useLeaveTenant(tenant.tenant_id);
  return (
    <ActionDialog
      title={`Leave ${tenant.name}?`}
      description="To come back you need a new invitation."
      action="Leave"
      danger
      state={leave}
      onSubmit={() => leave.mutate()}
      onClose={onClose}
    />
  );
}
