import type { Passkey } from '@saas-codex/contracts/passkeys';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { knowsPasskeys } from '../../../shared/api/passkeys.js';
import { formatAge, useMinuteClock } from '../../../shared/lib/time.js';
import { Button } from '../../../shared/ui/button.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { LoadMore } from '../../../shared/ui/load-more.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { credentialsQuery } from '../api/credentials.js';
import { passkeysQuery } from '../api/passkeys.js';
import { Row, Section } from '../section.js';
import { AddPasskey, RemovePasskey, RenamePasskey } from './passkey-dialogs.js';

/** The person's passkeys, with which they sign in without a password. */
export function PasskeysSection() {
  const query = useInfiniteQuery(passkeysQuery);
  const { data: credentials } = useQuery(credentialsQuery);
  const [adding, setAdding] = useState(false);
  const passkeys = query.data?.pages.flatMap((page) => page.items);
  return (
    <Section title="Passkeys">
      {passkeys?.map((passkey) => (
        <PasskeyRow key={passkey.passkey_id} passkey={passkey} />
      ))}
      {!passkeys && query.error && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
      )}
      {query.isPending && <Skeleton className="my-3 h-10" />}
      <LoadMore query={query} />
      {passkeys && credentials && (
        <div className="space-y-2 py-3">
          {knowsPasskeys() && (
            <Button size="sm" onClick={() => setAdding(true)}>
              Add a passkey
            </Button>
          )}
          <p className="max-w-lg text-xs text-muted-foreground">
            {knowsPasskeys()
              ? 'With a passkey you sign in with your finger, face or PIN instead of a password.'
              : 'This browser makes no passkeys at this address. They need https:// and a host with a name.'}
          </p>
        </div>
      )}
      {adding && credentials && (
        <AddPasskey hasPassword={credentials.password} onClose={() => setAdding(false)} />
      )}
    </Section>
  );
}

function PasskeyRow({ passkey }: { passkey: Passkey }) {
  const now = useMinuteClock();
  const [dialog, setDialog] = useState<'rename' | 'remove' | null>(null);
  const close = () => setDialog(null);
  const { name, created_at: created, last_used_at: used } = passkey;
  const ago = (at: string) => {
    const age = formatAge(at, now);
    return age === 'now' ? 'just now' : /^\d+[mhd]$/.test(age) ? `${age} ago` : `on ${age}`;
  };
  return (
    <Row name={name} note={`Added ${ago(created)}, ${used ? `last used ${ago(used)}` : 'never used'}`}>
      <span className="flex gap-2">
        <Button size="sm" aria-label={`Rename ${name}`} onClick={() => setDialog('rename')}>
          Rename
        </Button>
        <Button size="sm" aria-label={`Remove ${name}`} onClick={() => setDialog('remove')}>
          Remove
        </Button>
      </span>
      {dialog === 'rename' && <RenamePasskey passkey={passkey} onClose={close} />}
      {dialog === 'remove' && <RemovePasskey passkey={passkey} onClose={close} />}
    </Row>
  );
}
