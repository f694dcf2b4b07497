import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { knowsPasskeys } from '../../shared/api/passkeys.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { signInWithPasskey } from './api/sign-in.js';

/** Signs in with a passkey, where the browser knows them. */
export function PasskeyButton() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { mutate, error, isPending } = useMutation({
    mutationFn: signInWithPasskey,
    onSuccess: async () => {
      client.clear();
      await navigate({ to: '/', replace: true });
    },
  });
  if (!knowsPasskeys()) return null;
  return (
    <>
      <Button size="lg" busy={isPending} className="mt-3 w-full" onClick={() => mutate()}>
        Sign in with a passkey
      </Button>
      {error && <ErrorNotice error={error} className="mt-3" />}
    </>
  );
}
