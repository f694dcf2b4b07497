import { NameDialog } from '../../shared/ui/name-dialog.js';
import { useCreateTenant } from './api/tenants.js';

/** Creates an organisation, and switches to it. */
export function CreateTenantDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateTenant();
  return (
    <NameDialog
      title="Create an organisation"
      action="Create and switch"
      initial=""
      state={create}
      onSubmit={(name) => create.mutate({ name })}
      onClose={onClose}
    />
  );
}
