import type { ApiKey } from '@saas-codex/contracts/api-keys';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { apiKeysQuery, useRevokeApiKey } from './api/api-keys.js';
import { NewApiKey } from './new-api-key.js';
import { Section } from './section.js';

/** The person's own keys in the organisation that the page shows. */
export function ApiKeysPage() {
  useDocumentTitle('API keys');
  const mayHave = usePermission('api_keys:own');
  return (
    <main className="flex h-full flex-col overflow-y-auto">
      <PageHeader />
      <div className="mx-auto w-full max-w-2xl px-4 pb-16">
        <p className="mb-1 text-xs text-muted-foreground">
          <Link to="/settings" className="hover:text-foreground">
            Settings
          </Link>
        </p>
        <h1 className="mb-2 text-xl font-semibold tracking-tight">API keys</h1>
        <p className="mb-6 text-sm text-muted-foreground">
          With a key, a program acts for you in this organisation, and never may more than you.
        </p>
        {mayHave ? <Keys /> : <p className="text-sm">You cannot have API keys in this organisation.</p>}
      </div>
    </main>
  );
}

function Keys() {
  const query = useInfiniteQuery(apiKeysQuery);
  const keys = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Section title="New key">
        <NewApiKey />
      </Section>
      <Section title="Your keys">
        {query.isPending && <Skeleton className="my-3 h-10" />}
        {query.isError && !query.data && (
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
        )}
        {query.isSuccess && keys.length === 0 && (
          <p className="py-3 text-sm text-muted-foreground">You have no keys.</p>
        )}
        {keys.map((key) => (
          <KeyRow key={key.key_id} apiKey={key} />
        ))}
        <LoadMore query={query} />
      </Section>
    </>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
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
          {scopes ? scopes.join(', ') : 'all that your role may do'}
        </p>
      </div>
      <Button size="sm" aria-label={`Revoke ${name}`} onClick={() => setRevoking(true)}>
        Revoke
      </Button>
      {revoking && <RevokeDialog apiKey={apiKey} onClose={() => setRevoking(false)} />}
    </div>
  );
}

const day = (time: string): string => new Date(time).toLocaleDateString();

function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const revoke = useRevokeApiKey();
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Revoke ${apiKey.name}?`}
      description="Programs that use this key are refused at once. This cannot be undone."
    >
      {revoke.error && <ErrorNotice error={revoke.error} className="mt-3" />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="danger"
          busy={revoke.isPending}
          onClick={() => revoke.mutate(apiKey.key_id, { onSuccess: onClose })}
        >
          Revoke
        </Button>
      </DialogActions>
    </Dialog>
  );
}
