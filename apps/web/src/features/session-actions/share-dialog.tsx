import type { Session } from '@saas-codex/contracts/sessions';
import type { CreatedShareLink, ShareLink } from '@saas-codex/contracts/sharing';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { formatAge, useMinuteClock } from '../../shared/lib/time.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { toastError } from '../../shared/ui/toast.js';
import { shareLinksQuery, useCreateShareLink, useRevokeShareLink } from './api/share-links.js';

const LIFETIMES = [
  [1, 'For a day'],
  [7, 'For 7 days'],
  [30, 'For 30 days'],
  [null, 'Until it is revoked'],
] as const;

const DAY_MS = 86_400_000;

/** Makes links that show the session to people outside, and revokes them. */
export function ShareDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Share this session"
      description="Whoever has a link sees the prompts, what Codex does, and the changes, live and read-only. They see no images, no setup, no ignored files, and no other session."
    >
      <NewLink sessionId={session.session_id} />
      <Links sessionId={session.session_id} />
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
      </DialogActions>
    </Dialog>
  );
}

/** Makes a link, and shows it once. */
function NewLink({ sessionId }: { sessionId: string }) {
  const [days, setDays] = useState<number | null>(7);
  const create = useCreateShareLink(sessionId);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const expiresAt = days === null ? undefined : new Date(Date.now() + days * DAY_MS).toISOString();
    create.mutate(expiresAt === undefined ? {} : { expires_at: expiresAt });
  };
  return (
    <form onSubmit={submit} aria-label="New link" className="mt-4">
      <div className="flex flex-wrap items-center gap-2">
        <select
          aria-label="How long the link works"
          value={String(days)}
          onChange={(event) => setDays(event.target.value === 'null' ? null : Number(event.target.value))}
          className="h-8 min-w-0 flex-1 rounded-lg border border-input bg-background px-2 text-sm pointer-coarse:h-11"
        >
          {LIFETIMES.map(([value, text]) => (
            <option key={text} value={String(value)}>
              {text}
            </option>
          ))}
        </select>
        <Button variant="primary" type="submit" busy={create.isPending}>
          Create link
        </Button>
      </div>
      {create.error && <ErrorNotice error={create.error} className="mt-3" />}
      {create.data && <CreatedLink link={create.data} />}
    </form>
  );
}

function CreatedLink({ link: { link } }: { link: CreatedShareLink }) {
  if (link === null) return null;
  return (
    <div role="status" className="mt-3 rounded-lg border bg-muted/60 px-3 py-2 text-sm">
      <p>Copy the link now. It is not shown again.</p>
      <div className="mt-1.5 flex items-start gap-2">
        <code className="min-w-0 flex-1 font-mono text-xs [overflow-wrap:anywhere] select-all">{link}</code>
        <CopyButton label="Copy the link" text={link} />
      </div>
    </div>
  );
}

function Links({ sessionId }: { sessionId: string }) {
  const query = useInfiniteQuery(shareLinksQuery(sessionId));
  const links = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section aria-label="Links that work" className="mt-5">
      <h3 className="text-xs font-medium text-muted-foreground">Links that work</h3>
      {query.isPending && <Skeleton className="my-3 h-9" />}
      {query.isError && !query.data && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
      )}
      {query.isSuccess && links.length === 0 && (
        <p className="py-2 text-sm text-muted-foreground">None. Only your organisation sees this session.</p>
      )}
      <ul className="divide-y">
        {links.map((link) => (
          <LinkRow key={link.share_link_id} sessionId={sessionId} link={link} />
        ))}
      </ul>
      <LoadMore query={query} />
    </section>
  );
}

const inDays = (at: string): string => new Date(at).toLocaleDateString([], { dateStyle: 'medium' });

function LinkRow({ sessionId, link }: { sessionId: string; link: ShareLink }) {
  const revoke = useRevokeShareLink(sessionId);
  const now = useMinuteClock();
  const created = `Created ${inDays(link.created_at)}`;
  const age = link.last_opened_at && formatAge(link.last_opened_at, now);
  const opened =
    age === null ? 'Not opened yet' : age === 'now' ? 'Opened just now' : `Last opened ${age} ago`;
  const until = link.expires_at === null ? 'until it is revoked' : `until ${inDays(link.expires_at)}`;
  return (
    <li className="flex items-center gap-3 py-2">
      <div className="min-w-0 flex-1">
        <p className="text-sm">{created}</p>
        <p className="text-xs text-muted-foreground">
          {opened}, {until}
        </p>
      </div>
      <Button
        size="sm"
        aria-label={`Revoke the link: ${created}`}
        busy={revoke.isPending}
        onClick={() => revoke.mutate(link.share_link_id, { onError: (error) => toastError(error) })}
      >
        Revoke
      </Button>
    </li>
  );
}
