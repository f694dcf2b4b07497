import type { Passkey } from '@saas-codex/contracts/passkeys';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ActionDialog } from '../../../shared/ui/action-dialog.js';
import { NameDialog } from '../../../shared/ui/name-dialog.js';
import { TextField } from '../../../shared/ui/text-field.js';
import { addPasskey, passkeysQuery, removePasskey, renamePasskey } from '../api/passkeys.js';
import { describeBrowser } from './describe-browser.js';

interface DialogProps {
  onClose: () => void;
}

/** Reads the list anew, then closes the dialog. */
function useChanged(onClose: () => void) {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: passkeysQuery.queryKey });
    onClose();
  };
}

export function AddPasskey({ hasPassword, onClose }: DialogProps & { hasPassword: boolean }) {
  const [name, setName] = useState(() => describeBrowser(navigator.userAgent));
  const [password, setPassword] = useState('');
  const adding = useMutation({ mutationFn: addPasskey, onSuccess: useChanged(onClose) });
  return (
    <ActionDialog
      title="Add a passkey"
      description="Your device or password manager asks you to confirm."
      action="Continue"
      disabled={!name.trim()}
      state={adding}
      onSubmit={() => adding.mutate({ name: name.trim(), password: hasPassword ? password : undefined })}
      onClose={onClose}
    >
      <TextField
        label="Name"
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
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
    </ActionDialog>
  );
}

export function RenamePasskey({ passkey, onClose }: DialogProps & { passkey: Passkey }) {
  const renaming = useMutation({ mutationFn: renamePasskey, onSuccess: useChanged(onClose) });
  return (
    <NameDialog
      title="Rename the passkey"
      action="Save"
      initial={passkey.name}
      state={renaming}
      onSubmit={(name) => renaming.mutate({ id: passkey.passkey_id, name })}
      onClose={onClose}
    />
  );
}

export function RemovePasskey({ passkey, onClose }: DialogProps & { passkey: Passkey }) {
  const removal = useMutation({ mutationFn: removePasskey, onSuccess: useChanged(onClose) });
  return (
    <ActionDialog
      title={`Remove ${passkey.name}?`}
      description="Nobody can sign in with it any more. Remove it on your device, too."
      action="Remove"
      danger
      state={removal}
      onSubmit={() => removal.mutate(passkey.passkey_id)}
      onClose={onClose}
    />
  );
}
