import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { isPassword, NewPasswordField } from '../../../shared/ui/new-password-field.js';
import { Button } from '../../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../../shared/ui/dialog.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { TextField } from '../../../shared/ui/text-field.js';
import { changePassword, credentialsQuery } from '../api/credentials.js';
import { Row } from '../section.js';

/** Whether the person has a password, and the dialog that sets it. */
export function PasswordRow() {
  const { data: credentials, error, refetch } = useQuery(credentialsQuery);
  const [open, setOpen] = useState(false);
  if (error && !credentials)
    return <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />;
  return (
    <Row
      name="Password"
      note={credentials?.password === false && 'With a password you need no link to sign in.'}
    >
      {credentials ? (
        <Button size="sm" onClick={() => setOpen(true)}>
          {credentials.password ? 'Change password' : 'Set a password'}
        </Button>
      ) : (
        <Skeleton className="h-4 w-32" />
      )}
      {open && credentials && (
        <PasswordDialog isChange={credentials.password} onClose={() => setOpen(false)} />
      )}
    </Row>
  );
}

function PasswordDialog({ isChange, onClose }: { isChange: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const { mutate, error, isPending } = useMutation({
    mutationFn: changePassword,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: credentialsQuery.queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate({ password, ...(isChange && { current_password: current }) });
  };

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={isChange ? 'Change your password' : 'Set a password'}
      description="You will be signed out in all other browsers."
    >
      <form onSubmit={submit} className="mt-4 space-y-4">
        {isChange && (
          <TextField
            label="Current password"
            type="password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
        )}
        <NewPasswordField value={password} onChange={setPassword} />
        {error && <ErrorNotice error={error} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            type="submit"
            busy={isPending}
            disabled={!isPassword(password) || (isChange && current === '')}
          >
            Set password
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
