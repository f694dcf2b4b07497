import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { isPassword, NewPasswordField } from '../../shared/ui/new-password-field.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { askForSignUp, completeSignUp, signInOptionsQuery } from './api/sign-in.js';
import { useLinkToken } from './link-token.js';
import { MailLinkForm } from './mail-link-form.js';
import { SignInForm } from './sign-in-form.js';
import { BackToSignIn, FrameTitle, SignInFrame } from './sign-in-frame.js';

/** Creates an account: first the address, then, from the mailed link, a name and a password. */
export function SignUpPage() {
  useDocumentTitle('Create your account');
  const token = useLinkToken();
  return <SignInFrame>{token === null ? <AskForLink /> : <ChooseName token={token} />}</SignInFrame>;
}

function AskForLink() {
  const { data: options, error, refetch } = useQuery(signInOptionsQuery);
  if (error && !options) return <ErrorNotice error={error} onRetry={() => void refetch()} className="mt-6" />;
  if (!options) return <Skeleton className="mt-6 h-40" />;
  if (options.sign_up !== 'open') {
    return (
      <>
        <FrameTitle title="Sign-up is closed" note="Ask somebody of your organisation for an invitation." />
        <BackToSignIn />
      </>
    );
  }
  return (
    <MailLinkForm
      title="Create your account"
      note="We mail you a link that proves your address."
      sent="A mail is on its way."
      send={askForSignUp}
    />
  );
}

function ChooseName({ token }: { token: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const creation = useMutation({
    mutationFn: completeSignUp,
    onSuccess: async () => {
      client.clear();
      await navigate({ to: '/', replace: true });
    },
  });

  return (
    <>
      <FrameTitle title="Create your account" />
      <SignInForm
        action="Create account"
        disabled={!name.trim() || !isPassword(password)}
        state={creation}
        onSubmit={() => creation.mutate({ token, name: name.trim(), password })}
      >
        <TextField
          label="Your name"
          autoComplete="name"
          required
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <NewPasswordField value={password} onChange={setPassword} />
      </SignInForm>
      <BackToSignIn />
    </>
  );
}
