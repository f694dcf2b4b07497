import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { isPassword, NewPasswordField } from '../../../shared/ui/new-password-field.js';
import { ActionDialog } from '../../../shared/ui/action-dialog.js';
import { Button } from '../../../shared/ui/button.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { RevokeKeysField } from '../../../shared/ui/revoke-keys-field.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { apiKeysQuery, OWN_KEYS } from '../api/api-keys.js';
import { changePassword, credentialsQuery } from '../api/credentials.js';
import { Row } from '../section.js';
import { CurrentPasswordField } from './current-password-field.js';

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
  const [revokesKeys, setRevokesKeys] = useState(false);
  const change = useMutation({
    mutationFn: changePassword,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: credentialsQuery.queryKey });
      await client.invalidateQueries({ queryKey: apiKeysQuery(OWN_KEYS).queryKey });
      onClose();
    },
  });
  return (
    <ActionDialog
      title={isChange ? 'Change your password' : 'Set a password'}
      description="You will be signed out in all other browsers."
      action="Set password"
      disabled={!isPassword(password) || (isChange && current === '')}
      state={change}
      onSubmit={() =>
        change.mutate({
          password,
          revoke_api_keys: revokesKeys,
          ...(isChange && { current_password: current }),
        })
      }
      onClose={onClose}
    >
      {isChange && <CurrentPasswordField value={current} onChange={setCurrent} />}
      <NewPasswordField value={password} onChange={setPassword} />
      <RevokeKeysField value={revokesKeys} onChange={setRevokesKeys} />
    </ActionDialog>
  );
}
