import type { Credential } from '@saas-codex/contracts/credentials';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { gitCredentialsQuery, useGitCredential } from './api/git-credentials.js';
import { NewGitCredential, TokenField } from './new-git-credential.js';
import { SecretValueField } from './secret-value-field.js';
import { Section } from './section.js';

/** What git uses to reach private repositories. Nobody sees a token again. */
export function GitCredentialsPage() {
  const mayManage = usePermission('credentials:manage');
  const query = useInfiniteQuery(gitCredentialsQuery);
  const credentials = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Section title="New credential">
        <NewGitCredential forOrganisation={mayManage} />
      </Section>
      <Section title="Yours, and those of the organisation">
        {query.isPending && <Skeleton className="my-3 h-10" />}
        {query.isError && !query.data && (
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
        )}
        {query.isSuccess && credentials.length === 0 && (
          <p className="py-3 text-sm text-muted-foreground">There are none. Public repositories need none.</p>
        )}
        {credentials.map((credential) => (
          <CredentialRow
            key={credential.credential_id}
            credential={credential}
            mayChange={credential.owner === 'person' || mayManage}
          />
        ))}
        <LoadMore query={query} />
      </Section>
    </>
  );
}

interface RowProps {
  credential: Credential;
}

function CredentialRow({ credential, mayChange }: RowProps & { mayChange: boolean }) {
  const [asking, setAsking] = useState<'host' | 'test' | 'replace' | 'remove' | null>(null);
  const close = () => setAsking(null);
  const name = nameOf(credential);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        <code className="block font-mono text-sm [overflow-wrap:anywhere]">{name}</code>
        <p className="text-xs text-muted-foreground">
          {credential.owner === 'person' ? 'Yours' : 'Of the organisation'} · {useOf(credential)}
        </p>
        {credential.public_key && (
          <p className="mt-1 flex items-center gap-1 text-xs">
            <code className="min-w-0 truncate font-mono">{credential.public_key}</code>
            <CopyButton text={credential.public_key} label="Copy the public key" />
          </p>
        )}
        {credential.public_key && !credential.host_keys_confirmed_at && (
          <p className="text-xs text-destructive">
            It is not used before {mayChange ? 'you confirm' : 'an admin confirms'} the keys of the host.
          </p>
        )}
        {credential.refused_at && (
          <p className="text-xs text-destructive">
            The host refused it on {inDays(credential.refused_at)}. Replace it.
          </p>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        {credential.public_key && mayChange && (
          <Button size="sm" aria-label={`Host keys of ${name}`} onClick={() => setAsking('host')}>
            Host keys…
          </Button>
        )}
        <Button size="sm" aria-label={`Test ${name}`} onClick={() => setAsking('test')}>
          Test…
        </Button>
        {mayChange && (
          <>
            <Button size="sm" aria-label={`Replace ${name}`} onClick={() => setAsking('replace')}>
              Replace…
            </Button>
            <Button size="sm" aria-label={`Remove ${name}`} onClick={() => setAsking('remove')}>
              Remove…
            </Button>
          </>
        )}
      </div>
      {asking === 'host' && <HostKeysDialog credential={credential} onClose={close} />}
      {asking === 'test' && <TestDialog credential={credential} onClose={close} />}
      {asking === 'replace' && <ReplaceDialog credential={credential} onClose={close} />}
      {asking === 'remove' && <RemoveDialog credential={credential} onClose={close} />}
    </div>
  );
}

interface DialogProps extends RowProps {
  onClose: () => void;
}

/** Shows what the host answers, for a person to compare before the key is used. */
function HostKeysDialog({ credential, onClose }: DialogProps) {
  const { findHostKeys: find, confirmHostKeys: confirm } = useGitCredential(credential.credential_id);
  const found = find.data?.host_keys;
  return (
    <ActionDialog
      title={`Keys of ${credential.host}`}
      description="Compare the fingerprints with those that the host publishes. From then on, the key is used only with a host that shows one of these."
      action={found ? 'Confirm' : 'Ask the host'}
      state={found ? confirm : find}
      onSubmit={() =>
        found
          ? confirm.mutate(
              { fingerprints: found.map(({ fingerprint }) => fingerprint) },
              { onSuccess: onClose },
            )
          : find.mutate()
      }
      onClose={onClose}
    >
      {found && (
        <ul aria-label="Fingerprints" className="space-y-2 text-xs">
          {found.map(({ type, fingerprint }) => (
            <li key={fingerprint}>
              <span className="text-muted-foreground">{type}</span>
              <code className="block font-mono [overflow-wrap:anywhere]">{fingerprint}</code>
            </li>
          ))}
        </ul>
      )}
    </ActionDialog>
  );
}

function TestDialog({ credential, onClose }: DialogProps) {
  const { host, path, public_key } = credential;
  const start = public_key === null ? 'https://' : 'ssh://git@';
  const [address, setAddress] = useState(`${start}${host}/${path === '' ? '' : `${path}/`}`);
  const { test } = useGitCredential(credential.credential_id);
  return (
    <ActionDialog
      title={`Test ${nameOf(credential)}`}
      description="The host is asked for the repository's branches. Nothing is fetched."
      action="Test"
      disabled={address.trim() === ''}
      state={test}
      onSubmit={() => test.mutate(address.trim())}
      onClose={onClose}
    >
      <TextField
        label="Address of a repository"
        type="url"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={address}
        onChange={(event) => setAddress(event.target.value)}
      />
      {test.data && (
        <p role="status" className={test.data.works ? 'text-sm' : 'text-sm text-destructive'}>
          {test.data.detail}
        </p>
      )}
    </ActionDialog>
  );
}

function ReplaceDialog({ credential, onClose }: DialogProps) {
  const [value, setValue] = useState('');
  const { replace } = useGitCredential(credential.credential_id);
  const isKey = credential.public_key !== null;
  return (
    <ActionDialog
      title={`Replace the ${isKey ? 'key' : 'token'} for ${nameOf(credential)}`}
      description="The next clone uses the new one. Revoke the old one at its host."
      action="Replace"
      disabled={value.trim() === ''}
      state={replace}
      onSubmit={() =>
        replace.mutate(isKey ? { private_key: value } : { token: value.trim() }, { onSuccess: onClose })
      }
      onClose={onClose}
    >
      {isKey ? (
        <SecretValueField
          label="New private key"
          value={value}
          onChange={setValue}
          error={undefined}
          hint="As OpenSSH writes it, without a passphrase."
        />
      ) : (
        <TokenField label="New token" value={value} onChange={setValue} autoFocus />
      )}
    </ActionDialog>
  );
}

function RemoveDialog({ credential, onClose }: DialogProps) {
  const { remove } = useGitCredential(credential.credential_id);
  return (
    <ActionDialog
      title={`Remove ${nameOf(credential)}?`}
      description="Private repositories that need it can no longer be opened. Sessions that are open keep their state. Revoke it at its host, too."
      action="Remove"
      danger
      state={remove}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

const nameOf = ({ host, path }: Credential) => (path === '' ? host : `${host}/${path}`);
const inDays = (time: string) => new Date(time).toLocaleDateString();
const useOf = ({ last_used_at, created_at }: Credential) =>
  last_used_at === null ? `saved ${inDays(created_at)}, not used yet` : `last used ${inDays(last_used_at)}`;
