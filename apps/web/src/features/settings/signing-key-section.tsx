import type { SigningKey } from '@saas-codex/contracts/signing-key';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { signingKeyQuery, useSigningKey } from './api/signing-key.js';
import { Row, Section } from './section.js';

const NOTE = 'Add this key at the forge as a signing key, to the account that shall vouch for the commits.';

/** Whether commits are signed, and the half of the key that forges need. */
export function SigningKeySection() {
  const { data, error, refetch } = useQuery(signingKeyQuery);
  const mayManage = usePermission('shipping:manage');
  const [asking, setAsking] = useState<'make' | 'replace' | 'remove' | null>(null);
  const close = () => setAsking(null);
  return (
    <Section title="Signed commits">
      {!data && !error && <Skeleton className="my-3 h-10" />}
      {!data && error && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {data?.key && <KeyRow signingKey={data.key} />}
      {data && !data.key && (
        <Row
          name="Commits are not signed"
          note={
            mayManage
              ? 'With a key, whoever gets a commit can verify that it comes from here.'
              : 'An admin can make a key that signs them.'
          }
        >
          {mayManage && (
            <Button size="sm" onClick={() => setAsking('make')}>
              Sign commits…
            </Button>
          )}
        </Row>
      )}
      {data?.key && mayManage && (
        <div className="flex flex-wrap gap-2 py-3">
          <Button size="sm" onClick={() => setAsking('replace')}>
            Replace the key…
          </Button>
          <Button size="sm" onClick={() => setAsking('remove')}>
            Sign no longer…
          </Button>
        </div>
      )}
      {(asking === 'make' || asking === 'replace') && <MakeDialog kind={asking} onClose={close} />}
      {asking === 'remove' && <RemoveDialog onClose={close} />}
    </Section>
  );
}

const KeyRow = ({ signingKey: { public_key, fingerprint, created_at } }: { signingKey: SigningKey }) => (
  <div className="py-3">
    <p className="text-sm">Commits are signed with this key</p>
    <p className="mt-1 flex items-center gap-1 text-xs">
      <code className="min-w-0 truncate font-mono">{public_key}</code>
      <CopyButton text={public_key} label="Copy the public key" />
    </p>
    <p className="text-xs text-muted-foreground [overflow-wrap:anywhere]">
      <code className="font-mono">{fingerprint}</code> · since {new Date(created_at).toLocaleDateString()}
    </p>
    <p className="mt-1 max-w-lg text-xs text-muted-foreground">{NOTE}</p>
  </div>
);

function MakeDialog({ kind, onClose }: { kind: 'make' | 'replace'; onClose: () => void }) {
  const { create } = useSigningKey();
  return (
    <ActionDialog
      title={kind === 'make' ? 'Sign commits?' : 'Replace the key?'}
      description={
        kind === 'make'
          ? 'A key is made here. Its private half is encrypted and stays with the platform. Every commit of your sessions is signed from then on.'
          : 'Commits are signed with a new key from then on: add it at the forge, too. Leave the old one there, or what it has signed is no longer verified.'
      }
      action={kind === 'make' ? 'Make a key' : 'Replace'}
      state={create}
      onSubmit={() => create.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function RemoveDialog({ onClose }: { onClose: () => void }) {
  const { remove } = useSigningKey();
  return (
    <ActionDialog
      title="Sign commits no longer?"
      description="The key is deleted. What it has signed stays signed, while its public half is at the forge. Where a branch takes signed commits only, pushes are refused from then on."
      action="Delete the key"
      danger
      state={remove}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
