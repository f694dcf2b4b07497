import type { ApiKey } from '@saas-codex/contracts/api-keys';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { apiKeysQuery, useRevokeApiKey } from './api/api-keys.js';

interface ApiKeyListProps {
  /** Of the API: `OWN_KEYS`, or those of a service account. */
  collection: string;
  whose: 'your' | 'its';
  /** What stands in place of an empty list. */
  none: string;
}

/** Keys, each with a button that revokes it. */
export function ApiKeyList({ collection, whose, none }: ApiKeyListProps) {
  const query = useInfiniteQuery(apiKeysQuery(collection));
  const keys = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {query.isPending && <Skeleton className="my-3 h-10" />}
      {query.isError && !query.data && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
      )}
      {query.isSuccess && keys.length === 0 && <p className="py-3 text-sm text-muted-foreground">{none}</p>}
      {keys.map((key) => (
        <KeyRow key={key.key_id} apiKey={key} collection={collection} whose={whose} />
      ))}
      <LoadMore query={query} />
    </>
  );
}

interface KeyRowProps extends Pick<ApiKeyListProps, 'collection' | 'whose'> {
  apiKey: ApiKey;
}

function KeyRow({ apiKey, collection, whose }: KeyRowProps) {
  const [revoking, setRevoking] = useState(false);
  const { name, start, scopes, expires_at: expires, last_used_at: used } = apiKey;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        <p className="truncate text-sm">
          {name} <code className="font-mono text-xs text-muted-foreground">{start}…</code>
        </p>
        <p className="text-xs text-muted-foreground">
          {expires ? `Until ${day(expires)}` : 'Never expires'} ·{' '}
          {used ? `last used ${day(used)}` : 'never used'} ·{' '}
          {scopes ? scopes.join(', ') : `all that ${whose} role may do`}
        </p>
      </div>
      <Button size="sm" aria-label={`Revoke ${name}`} onClick={() => setRevoking(true)}>
        Revoke
      </Button>
      {revoking && (
        <RevokeDialog apiKey={apiKey} collection={collection} onClose={() => setRevoking(false)} />
      )}
    </div>
  );
}

const day = (time: string): string => new Date(time).toLocaleDateString();

interface RevokeDialogProps {
  apiKey: ApiKey;
  collection: string;
  onClose: () => void;
}

function RevokeDialog({ apiKey, collection, onClose }: RevokeDialogProps) {
  const revoke = useRevokeApiKey(collection);
  return (
    <ActionDialog
      title={`Revoke ${apiKey.name}?`}
      description="Programs that use this key are refused at once. This cannot be undone."
      action="Revoke"
      danger
      state={revoke}
      onSubmit={() => revoke.mutate(apiKey.key_id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
