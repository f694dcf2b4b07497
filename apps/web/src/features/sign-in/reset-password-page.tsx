import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { isPassword, NewPasswordField } from '../../shared/ui/new-password-field.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { RevokeKeysField } from '../../shared/ui/revoke-keys-field.js';
import { completePasswordReset } from './api/sign-in.js';
import { useLinkToken } from './link-token.js';
import { SignInForm } from './sign-in-form.js';
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
  const [revokesKeys, setRevokesKeys] = useState(false);
  const reset = useMutation({ mutationFn: completePasswordReset });

  if (reset.isSuccess) {
    return (
      <div role="status">
        <FrameTitle
          title="Your password is set"
          note={`You were signed out everywhere${revokesKeys ? ', and your API keys were revoked' : ''}. Sign in with the new one.`}
        />
        <BackToSignIn />
      </div>
    );
  }
  return (
    <>
      <FrameTitle title="Choose a new password" />
      <SignInForm
        action="Set password"
        disabled={!isPassword(password)}
        state={reset}
        onSubmit={() => reset.mutate({ token, password, revoke_api_keys: revokesKeys })}
      >
        <NewPasswordField value={password} onChange={setPassword} />
        <RevokeKeysField value={revokesKeys} onChange={setRevokesKeys} />
      </SignInForm>
      <BackToSignIn />
    </>
  );
}
