import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { toApiError } from '../../shared/api/api-error.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { confirmEmail } from './api/sign-in.js';
import { useLinkToken } from './link-token.js';
import { FrameLink, FrameTitle, SignInFrame } from './sign-in-frame.js';

/** The page that a link opens which was mailed to a person's new address. */
export function ConfirmEmailPage() {
  useDocumentTitle('Confirm your new email');
  const client = useQueryClient();
  const navigate = useNavigate();
  const token = useLinkToken();
  const { mutate, error, isPending } = useMutation({
    mutationFn: confirmEmail,
    onSuccess: async () => {
      client.clear();
      await navigate({ to: '/settings', replace: true });
    },
  });
  const isSignedOut = error !== null && toApiError(error).code === 'unauthenticated';
  return (
    <SignInFrame>
      {token === null ? (
        <FrameTitle title="The link is missing" note="Open the link in the mail once more." />
      ) : (
        <>
          <FrameTitle title="Confirm your new email" note="From now on you sign in with this address." />
          {error && !isSignedOut && <ErrorNotice error={error} className="mt-4" />}
          {isSignedOut ? (
            <p role="alert" className="mt-4 text-sm text-muted-foreground">
              <FrameLink to="/sign-in">Sign in</FrameLink> with your old address first. Then open the link in
              the mail again.
            </p>
          ) : (
            <Button
              variant="primary"
              size="lg"
              busy={isPending}
              onClick={() => mutate(token)}
              className="mt-6 w-full"
            >
              Use this address
            </Button>
          )}
        </>
      )}
    </SignInFrame>
  );
}
