import type { Forge } from '@saas-codex/contracts/forges';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { forgesQuery, useForge } from './api/forges.js';
import { FORGE_TEXTS, kindOf, placeOf } from './forge-kinds.js';
import { ForgeWebhookDialog } from './forge-webhook-dialog.js';
import { ForgeTestDialog } from './forge-test-dialog.js';
import { NewForge } from './new-forge.js';
import { TokenField } from './new-git-credential.js';
import { Section } from './section.js';

/** What finds, clones and pushes repositories with one connection. Nobody sees a token again. */
export function ForgesPage() {
  const mayManage = usePermission('credentials:manage');
  const query = useInfiniteQuery(forgesQuery);
  // A new connection is tested at once.
  const [connected, setConnected] = useState<string | null>(null);
  const forges = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Section title="New connection">
        <NewForge forOrganisation={mayManage} onConnected={setConnected} />
        {mayManage && <NewGithubApp />}
      </Section>
      <Section title="Yours, and those of the organisation">
        {query.isPending && <Skeleton className="my-3 h-10" />}
        {query.isError && !query.data && (
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
        )}
        {query.isSuccess && forges.length === 0 && (
          <p className="py-3 text-sm text-muted-foreground">
            None is connected. Public repositories can be opened without.
          </p>
        )}
        {forges.map((forge) => (
          <ForgeRow
            key={forge.forge_id}
            forge={forge}
            mayChange={forge.owner === 'person' || mayManage}
            isNew={forge.forge_id === connected}
            onSeen={() => setConnected(null)}
          />
        ))}
        <LoadMore query={query} />
      </Section>
    </>
  );
}

/** A plain link: only a document that was loaded there may send a form to GitHub. */
const NewGithubApp = () => (
  <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 py-3">
    <p className="min-w-52 flex-1 text-xs text-muted-foreground">
      At GitHub, an App of the organisation needs no token of a person.
    </p>
    <Button size="sm" asChild>
      <a href="/settings/github-app">Create a GitHub App…</a>
    </Button>
  </div>
);

interface RowProps {
  forge: Forge;
  mayChange: boolean;
  isNew: boolean;
  onSeen: () => void;
}

function ForgeRow({ forge, mayChange, isNew, onSeen }: RowProps) {
  const [asking, setAsking] = useState<'test' | 'webhook' | 'replace' | 'remove' | null>(null);
  const close = () => {
    setAsking(null);
    onSeen();
  };
  const { login, workspace, github_app: app } = forge;
  const place = placeOf(forge);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        <p className="text-sm [overflow-wrap:anywhere]">
          <code className="font-mono">{place}</code>
          <span className="text-muted-foreground">
            {' '}
            {app ? `GitHub App ${app.name}` : nameOfKind(forge)}
            {login && login !== workspace && !app && `, as ${login}`}
          </span>
        </p>
        <p className="text-xs text-muted-foreground">
          {forge.owner === 'person' ? 'Yours' : 'Of the organisation'} · {useOf(forge)}
        </p>
        {forge.refused_at && (
          <p className="text-xs text-destructive">
            {app
              ? `It refused the App on ${inDays(forge.refused_at)}. Test it.`
              : `It refused the token on ${inDays(forge.refused_at)}. Replace it.`}
          </p>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        <Button size="sm" aria-label={`Test ${place}`} onClick={() => setAsking('test')}>
          Test…
        </Button>
        {mayChange && (
          <>
            <Button size="sm" aria-label={`Webhook of ${place}`} onClick={() => setAsking('webhook')}>
              Webhook…
            </Button>
            {app ? (
              <Button size="sm" asChild>
                <a href={app.install_url} aria-label={`Install the App of ${place}`}>
                  Install
                </a>
              </Button>
            ) : (
              <Button
                size="sm"
                aria-label={`Replace the token of ${place}`}
                onClick={() => setAsking('replace')}
              >
                Replace…
              </Button>
            )}
            <Button size="sm" aria-label={`Remove ${place}`} onClick={() => setAsking('remove')}>
              Remove…
            </Button>
          </>
        )}
      </div>
      {(asking === 'test' || isNew) && <ForgeTestDialog forge={forge} onClose={close} />}
      {asking === 'webhook' && <ForgeWebhookDialog forge={forge} onClose={close} />}
      {asking === 'replace' && <ReplaceDialog forge={forge} onClose={close} />}
      {asking === 'remove' && <RemoveDialog forge={forge} onClose={close} />}
    </div>
  );
}

interface DialogProps {
  forge: Forge;
  onClose: () => void;
}

function ReplaceDialog({ forge, onClose }: DialogProps) {
  const [token, setToken] = useState('');
  const { replace } = useForge(forge.forge_id);
  const kind = kindOf(forge);
  return (
    <ActionDialog
      title={`Replace the token of ${placeOf(forge)}`}
      description="What comes next uses the new one. Revoke the old one at the forge."
      action="Replace"
      disabled={token.trim() === ''}
      state={replace}
      onSubmit={() => replace.mutate({ token: token.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TokenField
        label="New token"
        value={token}
        onChange={setToken}
        autoFocus
        {...(kind && { hint: FORGE_TEXTS[kind].token })}
      />
    </ActionDialog>
  );
}

function RemoveDialog({ forge, onClose }: DialogProps) {
  const { remove } = useForge(forge.forge_id);
  return (
    <ActionDialog
      title={`Remove ${placeOf(forge)}?`}
      description="Its private repositories can no longer be found, opened or pushed with it. Sessions that are open keep their state. Revoke the token, or delete the App, at the forge, too."
      action="Remove"
      danger
      state={remove}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function nameOfKind(forge: Forge): string {
  const kind = kindOf(forge);
  return kind ? FORGE_TEXTS[kind].name : forge.kind;
}
const inDays = (time: string) => new Date(time).toLocaleDateString();
const useOf = ({ last_used_at, created_at }: Forge) =>
  last_used_at === null
    ? `connected ${inDays(created_at)}, not used yet`
    : `last used ${inDays(last_used_at)}`;
