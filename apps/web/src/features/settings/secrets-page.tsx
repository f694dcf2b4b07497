import type { Secret } from '@saas-codex/contracts/secrets';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { secretsQuery } from '../../entities/environment/api/list-secrets.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useDeleteSecret, useUpdateSecret } from './api/secrets.js';
import { NewSecret } from './new-secret.js';
import { nameError, SecretValueField, valueError } from './secret-value-field.js';
import { Section } from './section.js';

/** The organisation's environment secrets. Nobody sees a value again. */
export function SecretsPage() {
  const mayManage = usePermission('secrets:manage');
  const query = useInfiniteQuery(secretsQuery);
  const secrets = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {mayManage && (
        <Section title="New secret">
          <NewSecret />
        </Section>
      )}
      <Section title="Secrets of this organisation">
        {query.isPending && <Skeleton className="my-3 h-10" />}
        {query.isError && !query.data && (
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
        )}
        {query.isSuccess && secrets.length === 0 && (
          <p className="py-3 text-sm text-muted-foreground">
            There are no secrets. {!mayManage && 'Admins and owners can add them.'}
          </p>
        )}
        {secrets.map((secret) => (
          <SecretRow key={secret.secret_id} secret={secret} mayManage={mayManage} />
        ))}
        <LoadMore query={query} />
      </Section>
    </>
  );
}

function SecretRow({ secret, mayManage }: { secret: Secret; mayManage: boolean }) {
  const [asking, setAsking] = useState<'change' | 'delete' | null>(null);
  const close = () => setAsking(null);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        <code className="block font-mono text-sm [overflow-wrap:anywhere]">{secret.name}</code>
        <p className="text-xs text-muted-foreground">
          Saved {new Date(secret.updated_at).toLocaleDateString()}
        </p>
      </div>
      {mayManage && (
        <div className="flex gap-2">
          <Button size="sm" aria-label={`Change ${secret.name}`} onClick={() => setAsking('change')}>
            Change
          </Button>
          <Button size="sm" aria-label={`Delete ${secret.name}`} onClick={() => setAsking('delete')}>
            Delete…
          </Button>
        </div>
      )}
      {asking === 'change' && <ChangeDialog secret={secret} onClose={close} />}
      {asking === 'delete' && <DeleteDialog secret={secret} onClose={close} />}
    </div>
  );
}

interface SecretDialogProps {
  secret: Secret;
  onClose: () => void;
}

function ChangeDialog({ secret, onClose }: SecretDialogProps) {
  const [name, setName] = useState(secret.name);
  const [value, setValue] = useState('');
  const update = useUpdateSecret(secret.secret_id);
  const renamed = name !== secret.name;
  const errors = { name: nameError(name), value: valueError(value) };
  const change = { ...(renamed && { name }), ...(value !== '' && { value }) };
  return (
    <ActionDialog
      title={`Change ${secret.name}`}
      description="Future runs get the new value. Sessions follow a new name."
      action="Save"
      disabled={name === '' || Boolean(errors.name ?? errors.value) || Object.keys(change).length === 0}
      state={update}
      onSubmit={() => update.mutate(change, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextField
        label="Name"
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
        className="[&_input]:font-mono"
        {...(errors.name && { error: errors.name })}
      />
      <SecretValueField
        label="New value"
        value={value}
        onChange={setValue}
        error={errors.value}
        hint="Empty: the value stays as it is."
      />
    </ActionDialog>
  );
}

function DeleteDialog({ secret, onClose }: SecretDialogProps) {
  const [name, setName] = useState('');
  const remove = useDeleteSecret();
  return (
    <ActionDialog
      title={`Delete ${secret.name}?`}
      description={`Runs of sessions that name it fail from now on. This cannot be undone. To confirm, repeat the name: ${secret.name}`}
      action="Delete"
      danger
      disabled={name !== secret.name}
      state={remove}
      onSubmit={() => remove.mutate(secret.secret_id, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextField
        label="Name"
        autoFocus
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.target.value)}
        className="[&_input]:font-mono"
      />
    </ActionDialog>
  );
}
