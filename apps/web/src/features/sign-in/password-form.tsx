import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { TextField } from '../../shared/ui/text-field.js';
import { signInOptionsQuery, signInWithPassword } from './api/sign-in.js';
import { SignInForm } from './sign-in-form.js';
import { FrameLink } from './sign-in-frame.js';

/** Signs in with an address and a password. */
export function PasswordForm() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: options } = useQuery(signInOptionsQuery);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signingIn = useMutation({
    mutationFn: signInWithPassword,
    onSuccess: async () => {
      client.clear();
      await navigate({ to: '/', replace: true });
    },
    onError: () => setPassword(''),
  });

  return (
    <>
      <SignInForm action="Sign in" state={signingIn} onSubmit={() => signingIn.mutate({ email, password })}>
        <TextField
          label="Email"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </SignInForm>
      <p className="mt-4 text-sm text-muted-foreground">
        <FrameLink to="/forgot-password">Forgot your password?</FrameLink>
        {options?.sign_up === 'open' && (
          <>
            {' '}
            New here? <FrameLink to="/sign-up">Create an account</FrameLink>
          </>
        )}
      </p>
    </>
  );
}
