import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { toApiError } from '../../shared/api/api-error.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { BrandMark } from '../../shared/ui/brand-mark.js';
import { Button } from '../../shared/ui/button.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { signIn } from './api/sign-in.js';
import { takeToken } from './take-token.js';

/** What a sign-in link opens: trades its secret for the cookie, or says how to get a new link. */
export function SignInPage() {
  useDocumentTitle('Sign in');
  const client = useQueryClient();
  const navigate = useNavigate();
  const token = useRef<string | null>(null);
  const { mutate, error, isPending } = useMutation({
    mutationFn: signIn,
    onSuccess: () => {
      client.clear();
      return navigate({ to: '/', replace: true });
    },
  });

  useEffect(() => {
    token.current = takeToken() ?? token.current;
    if (token.current) mutate(token.current);
  }, [mutate]);

  const retry = error && toApiError(error).transient ? () => token.current && mutate(token.current) : null;

  return (
    <main className="flex h-full items-center justify-center px-4">
      <div className="w-full max-w-sm">
        <BrandMark className="size-10" />
        {isPending ? (
          <p role="status" className="mt-6 flex items-center gap-2.5 text-md">
            <Spinner /> Signing you in…
          </p>
        ) : (
          <NeedsLink error={error} onRetry={retry} />
        )}
      </div>
    </main>
  );
}

function NeedsLink({ error, onRetry }: { error: Error | null; onRetry: (() => void) | null }) {
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
