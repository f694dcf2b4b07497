import { PERSON_PERMISSIONS, type Permission, permissionsOf } from '@saas-codex/contracts/permissions';
import { SERVICE_ACCOUNT_ROLES, type ServiceAccount } from '@saas-codex/contracts/service-accounts';
import { useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { useDisclosure } from '../../shared/ui/disclosure.js';
import { NameDialog } from '../../shared/ui/name-dialog.js';
import { toastError } from '../../shared/ui/toast.js';
import { ApiKeyList } from './api-key-list.js';
import { keysOfServiceAccount } from './api/api-keys.js';
import { useChangeServiceAccount } from './api/service-accounts.js';
import { NewApiKey } from './new-api-key.js';
import { RoleSelect } from './role-select.js';

interface ServiceAccountProps {
  account: ServiceAccount;
}

/** A service account, with what can be done about it, and its keys on demand. */
export function ServiceAccountRow({ account }: ServiceAccountProps) {
  const { service_account_id: id, name, role } = account;
  const { update } = useChangeServiceAccount(id);
  const keys = useDisclosure(`keys of ${id}`);
  const [asking, setAsking] = useState<'rename' | 'delete' | null>(null);
  const close = () => setAsking(null);
  return (
    <div className="py-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p className="min-w-40 flex-1 truncate text-sm">{name}</p>
        <RoleSelect
          label={`Role of ${name}`}
          roles={SERVICE_ACCOUNT_ROLES}
          value={role}
          disabled={update.isPending}
          onChange={(to) => update.mutate({ role: to }, { onError: (error) => toastError(error) })}
        />
        <div className="flex gap-2">
          <Button size="sm" aria-label={`Keys of ${name}`} {...keys.trigger}>
            Keys
          </Button>
          <Button size="sm" aria-label={`Rename ${name}`} onClick={() => setAsking('rename')}>
            Rename
          </Button>
          <Button size="sm" aria-label={`Delete ${name}`} onClick={() => setAsking('delete')}>
            Delete…
          </Button>
        </div>
      </div>
      {keys.open && (
        <div id={keys.bodyId} className="mt-3 divide-y rounded-lg border bg-background px-3">
          <NewApiKey collection={keysOfServiceAccount(id)} offered={scopesOf(role)} whose="its" />
          <ApiKeyList collection={keysOfServiceAccount(id)} whose="its" none="It has no keys yet." />
        </div>
      )}
      {asking === 'rename' && <RenameDialog account={account} onClose={close} />}
      {asking === 'delete' && <DeleteDialog account={account} onClose={close} />}
    </div>
  );
}

/** What a key of a service account with the role may have. */
function scopesOf(role: string): Permission[] {
  const known = SERVICE_ACCOUNT_ROLES.find((each) => each === role);
  return known ? permissionsOf(known).filter((one) => !PERSON_PERMISSIONS.includes(one)) : [];
}

interface DialogProps extends ServiceAccountProps {
  onClose: () => void;
}

function RenameDialog({ account, onClose }: DialogProps) {
  const { update } = useChangeServiceAccount(account.service_account_id);
  return (
    <NameDialog
      title="Rename the service account"
      action="Rename"
      initial={account.name}
      state={update}
      onSubmit={(name) => update.mutate({ name }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function DeleteDialog({ account, onClose }: DialogProps) {
  const { remove } = useChangeServiceAccount(account.service_account_id);
  return (
    <NameDialog
      title={`Delete ${account.name}?`}
      action="Delete the service account"
      description={`Programs that use its keys are refused at once. Its sessions stay. To confirm, repeat the name: ${account.name}`}
      danger
      initial=""
      expected={account.name}
      state={remove}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
