import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { toApiError } from '../../shared/api/api-error.js';
import { meQuery } from '../../shared/api/get-me.js';
import { request } from '../../shared/api/request.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { BrandMark } from '../../shared/ui/brand-mark.js';
import { Button } from '../../shared/ui/button.js';
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
      {problem && (
        <p role="alert" className="mt-2 text-base text-muted-foreground">
          {problem.detail}
        </p>
      )}
      <p className="mt-2 text-base text-muted-foreground">
        {problem
          ? 'A link works once. The newest one is printed where the server was started:'
          : 'There are no passwords here. Start the server and open the link that it prints:'}
      </p>
      <pre className="mt-4 rounded-lg border bg-card px-3.5 py-3 font-mono text-sm shadow-xs select-all">
        npm start
      </pre>
      {onRetry && (
        <Button variant="primary" onClick={onRetry} className="mt-4">
          Try again
        </Button>
      )}
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
