import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { isPassword, NewPasswordField } from '../../shared/ui/new-password-field.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { completePasswordReset } from './api/sign-in.js';
import { useLinkToken } from './link-token.js';
import { BackToSignIn, FrameLink, FrameTitle, SignInFrame } from './sign-in-frame.js';

/** The page that a link opens with which a person chooses a new password. */
export function ResetPasswordPage() {
  useDocumentTitle('Choose a new password');
  const token = useLinkToken();
  return (
    <SignInFrame>
      {token === null ? (
        <>
          <FrameTitle title="The link is missing" note="Open the link that you were given once more." />
          <p className="mt-5 text-sm text-muted-foreground">
            <FrameLink to="/forgot-password">Ask for a new one</FrameLink>
          </p>
        </>
      ) : (
        <ChoosePassword key={token} token={token} />
      )}
    </SignInFrame>
  );
}

function ChoosePassword({ token }: { token: string }) {
  const [password, setPassword] = useState('');
  const { mutate, error, isPending, isSuccess } = useMutation({ mutationFn: completePasswordReset });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate({ token, password });
  };

  if (isSuccess) {
    return (
      <div role="status">
        <FrameTitle
          title="Your password is set"
          note="You were signed out everywhere. Sign in with the new one."
        />
        <BackToSignIn />
      </div>
    );
  }
  return (
    <>
      <FrameTitle title="Choose a new password" />
      <form onSubmit={submit} className="mt-6 space-y-4">
        <NewPasswordField value={password} onChange={setPassword} />
        {error && <ErrorNotice error={error} />}
        <Button
          variant="primary"
          size="lg"
          type="submit"
          busy={isPending}
          disabled={!isPassword(password)}
          className="w-full"
        >
          Set password
        </Button>
      </form>
      <BackToSignIn />
    </>
  );
}
