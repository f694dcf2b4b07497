import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Button } from '../../shared/ui/button.js';
import { toastError } from '../../shared/ui/toast.js';
import { signOut } from './api/sign-out.js';

export function SignOutButton() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { mutate, isPending } = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      await navigate({ to: '/sign-in' });
      client.clear();
    },
    onError: (error) => toastError(error),
  });
  return (
    <Button size="sm" busy={isPending} onClick={() => mutate()}>
      Sign out
    </Button>
  );
}
