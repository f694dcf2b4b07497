import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ActionDialog } from '../../../shared/ui/action-dialog.js';
import { CodeField } from '../../../shared/ui/code-field.js';
import { TextField } from '../../../shared/ui/text-field.js';
import { credentialsQuery } from '../api/credentials.js';
import { removeSecondFactor } from '../api/second-factor.js';

/** Makes signing in take no code any more. */
export function RemoveSecondFactor({ hasPassword, onClose }: { hasPassword: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const removal = useMutation({
    mutationFn: removeSecondFactor,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: credentialsQuery.queryKey });
      onClose();
    },
    onError: () => setCode(''),
  });
  return (
    <ActionDialog
      title="Remove the authenticator app?"
      description="Then signing in takes your password alone. Your recovery codes no longer work."
      action="Remove"
      danger
      state={removal}
      onSubmit={() => removal.mutate({ code, ...(hasPassword && { current_password: password }) })}
      onClose={onClose}
    >
      {hasPassword && (
        <TextField
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      )}
      <CodeField value={code} onChange={setCode} />
    </ActionDialog>
  );
}
