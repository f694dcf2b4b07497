import { SERVICE_ACCOUNT_ROLES, type ServiceAccountRole } from '@saas-codex/contracts/service-accounts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { serviceAccountsQuery, useCreateServiceAccount } from './api/service-accounts.js';
import { RoleSelect } from './role-select.js';
import { Section } from './section.js';
import { ServiceAccountRow } from './service-account-row.js';

/** The programs that act in the organisation as themselves. */
export function ServiceAccountsPage() {
  return (
    <>
      <Section title="New service account">
        <NewServiceAccount />
      </Section>
      <AccountList />
    </>
  );
}

function AccountList() {
  const query = useInfiniteQuery(serviceAccountsQuery);
  const accounts = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Service accounts">
      {query.isPending && <Skeleton className="my-3 h-10" />}
      {query.isError && !query.data && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
      )}
      {query.isSuccess && accounts.length === 0 && (
        <p className="py-3 text-sm text-muted-foreground">There are no service accounts.</p>
      )}
      {accounts.map((account) => (
        <ServiceAccountRow key={account.service_account_id} account={account} />
      ))}
      <LoadMore query={query} />
    </Section>
  );
}

function NewServiceAccount() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<ServiceAccountRole>('member');
  const create = useCreateServiceAccount();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name: name.trim(), role }, { onSuccess: () => setName('') });
  };
  return (
    <form onSubmit={submit} aria-label="New service account" className="py-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="Name"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
          className="min-w-full flex-1 sm:min-w-48"
        />
        <RoleSelect label="Role" roles={SERVICE_ACCOUNT_ROLES} value={role} onChange={setRole} />
        <Button variant="primary" type="submit" busy={create.isPending} disabled={!name.trim()}>
          Create
        </Button>
      </div>
      {create.error && <ErrorNotice error={create.error} className="mt-3" />}
    </form>
  );
}
