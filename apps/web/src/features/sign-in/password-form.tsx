import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { toApiError } from '../../shared/api/api-error.js';
import { CodeField } from '../../shared/ui/code-field.js';
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
  const [code, setCode] = useState('');
  const [needsCode, setNeedsCode] = useState(false);
  const signingIn = useMutation({
    mutationFn: signInWithPassword,
    onSuccess: async () => {
      client.clear();
      await navigate({ to: '/', replace: true });
    },
    onError: (failure) => {
      const { code: problem } = toApiError(failure);
      setCode('');
      if (problem === 'second_factor_required') return setNeedsCode(true);
      // The password was right.
      if (problem === 'second_factor_wrong') return;
      setNeedsCode(false);
      setPassword('');
    },
  });
  // The field for the code says it already.
  const error = isAskedForCode(signingIn.error) ? null : signingIn.error;

  return (
    <>
      <SignInForm
        action="Sign in"
        state={{ isPending: signingIn.isPending, error }}
        onSubmit={() => signingIn.mutate({ email, password, ...(needsCode && { code }) })}
      >
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
        {needsCode && <CodeField value={code} onChange={setCode} autoFocus />}
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

const isAskedForCode = (error: Error | null): boolean =>
  error !== null && toApiError(error).code === 'second_factor_required';
