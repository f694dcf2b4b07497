import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { toApiError } from '../../shared/api/api-error.js';
import { meQuery } from '../../shared/api/get-me.js';
import { request } from '../../shared/api/request.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { BrandMark } from '../../shared/ui/brand-mark.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { Spinner } from '../../shared/ui/spinner.js';

/** The page that a sign-in link opens: it exchanges the link's secret for the cookie, or says how to get a new link. */
export function SignInPage() {
  useDocumentTitle('Sign in');
  const { enter, token, error, isPending } = useEnter();
  const canRetry = token !== null && error !== null && toApiError(error).transient;

  return (
    <main className="flex h-full items-center justify-center px-4">
      <div className="w-full max-w-sm">
        <BrandMark className="size-10" />
        {isPending ? (
          <p role="status" className="mt-6 flex items-center gap-2.5 text-md">
            <Spinner /> Signing you in…
          </p>
        ) : (
          <NeedsLink
            error={token === null ? null : error}
            onRetry={canRetry ? () => enter(token) : undefined}
          />
        )}
      </div>
    </main>
  );
}

/** Takes the secret from the address and signs in with it. A person who is already signed in needs no valid link. */
function useEnter() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { mutate, error, isPending, isIdle, variables } = useMutation({
    mutationFn: async (secret: string | null) => {
      if (secret === null) return void (await client.fetchQuery(meQuery));
      try {
        await signIn(secret);
        client.clear();
      } catch (failure) {
        await client.fetchQuery(meQuery).catch(() => {
          throw failure;
        });
      }
    },
    onSuccess: () => navigate({ to: '/', replace: true }),
  });

  const asked = useRef(false);
  useEffect(() => {
    if (!asked.current) mutate(takeToken());
    asked.current = true;
    // A link that is pasted into this tab changes only the fragment, so the page does not load again.
    const onPaste = () => {
      const token = takeToken();
      if (token !== null) mutate(token);
    };
    addEventListener('hashchange', onPaste);
    return () => removeEventListener('hashchange', onPaste);
  }, [mutate]);

  return { enter: mutate, token: variables ?? null, error, isPending: isPending || isIdle };
}

function NeedsLink({ error, onRetry }: { error: Error | null; onRetry?: () => void }) {
  const problem = error && toApiError(error);
  return (
    <>
      <h1 className="mt-6 text-xl font-semibold tracking-tight">
        {problem ? problem.title : 'Sign in with your link'}
      </h1>
      <p role={problem ? 'alert' : undefined} className="mt-2 text-base text-muted-foreground">
        {problem ? problem.detail : 'There are no passwords here. The server prints a link that works once.'}
      </p>
      <LinkSource />
      {onRetry && (
        <Button variant="primary" onClick={onRetry} className="mt-4">
          Try again
        </Button>
      )}
    </>
  );
}

const SOURCES = [
  { value: 'npm', name: 'npm start', command: 'npm start' },
  {
    value: 'compose',
    name: 'Docker Compose',
    command: 'docker compose exec backend node apps/backend/dist/sign-in-link.js',
  },
  {
    value: 'kubernetes',
    name: 'Kubernetes',
    command: 'kubectl -n saas-codex exec deploy/backend -- node apps/backend/dist/sign-in-link.js',
  },
] as const;

/** What prints a new link. This page cannot know how the server was installed, so the person says it. */
function LinkSource() {
  const [source, setSource] = useState<(typeof SOURCES)[number]>(SOURCES[0]);
  return (
    <>
      <Segmented
        label="How the server runs"
        value={source.value}
        onChange={(value) => setSource(SOURCES.find((each) => each.value === value) ?? SOURCES[0])}
        options={SOURCES}
        className="mt-5 [&>button]:flex-1"
      />
      <div className="mt-2 flex items-start gap-2 rounded-lg border bg-card py-2 pr-2 pl-3.5 shadow-xs">
        <code className="min-w-0 flex-1 py-0.5 font-mono text-sm [overflow-wrap:anywhere] select-all">
          {source.command}
        </code>
        <CopyButton label="Copy the command" text={source.command} />
      </div>
    </>
  );
}

/**
 * The secret of the sign-in link, from the fragment of the address (`#token=…`), which browsers never send. It is
 * removed from the address and the history at once. null: there is none.
 */
function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}

/** Exchanges the secret of a one-time link for the sign-in cookie. */
const signIn = (token: string): Promise<void> =>
  request('/api/auth/sign-in', { method: 'POST', body: { token } });
