import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { toApiError } from '../../shared/api/api-error.js';
import { meQuery } from '../../shared/api/get-me.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { Button } from '../../shared/ui/button.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { signInOptionsQuery, signInWithLink } from './api/sign-in.js';
import { LinkSource } from './link-source.js';
import { onPastedLink, takeToken } from './link-token.js';
import { PasskeyButton } from './passkey-button.js';
import { PasswordForm } from './password-form.js';
import { ProviderButtons, providerFailure } from './provider-buttons.js';
import { FrameTitle, SignInFrame } from './sign-in-frame.js';

/** The page that a sign-in link opens, which exchanges the link's secret for the cookie; and where a password is entered. */
export function SignInPage() {
  useDocumentTitle('Sign in');
  const { enter, token, error, isPending } = useEnter();
  const [failure] = useState(providerFailure);
  const { data: options } = useQuery(signInOptionsQuery);
  // With an organisation, they would be in the app now.
  const removed = options?.signed_in_as ?? null;
  return (
    <SignInFrame>
      {isPending ? (
        <p role="status" className="mt-6 flex items-center gap-2.5 text-md">
          <Spinner /> Signing you in…
        </p>
      ) : (
        <>
          {token !== null && error ? (
            <LinkFailure error={error} onRetry={() => enter(token)} />
          ) : failure !== null ? (
            <FrameTitle title="You are not signed in" note={failure} alert />
          ) : removed !== null ? (
            <FrameTitle
              title="You belong to no organisation"
              note={`You are signed in as ${removed}, and no longer a member of an organisation here. Your account stays. Ask an admin for an invitation, or sign in as somebody else.`}
              alert
            />
          ) : (
            <FrameTitle title="Sign in" />
          )}
          <ProviderButtons />
          <PasswordForm />
          <PasskeyButton />
          <section aria-labelledby="with-a-link" className="mt-8 border-t pt-5">
            <h2 id="with-a-link" className="text-sm font-medium">
              Or with a link
            </h2>
            <p className="mt-1 text-sm text-muted-foreground">
              The owner of this installation has no password at first. The server prints a link that works
              once.
            </p>
            <LinkSource />
          </section>
        </>
      )}
    </SignInFrame>
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
        await signInWithLink(secret);
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
    return onPastedLink(mutate);
  }, [mutate]);

  return { enter: mutate, token: variables ?? null, error, isPending: isPending || isIdle };
}

function LinkFailure({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { title, detail, transient } = toApiError(error);
  return (
    <>
      <FrameTitle title={title} note={detail} alert />
      {transient && (
        <Button variant="primary" onClick={onRetry} className="mt-4">
          Try again
        </Button>
      )}
    </>
  );
}
