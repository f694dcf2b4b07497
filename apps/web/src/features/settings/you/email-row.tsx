import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ActionDialog } from '../../../shared/ui/action-dialog.js';
import { Button } from '../../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../../shared/ui/dialog.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { TextField } from '../../../shared/ui/text-field.js';
import { changeEmail } from '../api/account.js';
import { credentialsQuery } from '../api/credentials.js';
import { Row } from '../section.js';
import { CurrentPasswordField } from './current-password-field.js';

/** The address with which the person signs in, and the dialog that changes it. */
export function EmailRow({ email }: { email: string | undefined }) {
  const { data: credentials } = useQuery(credentialsQuery);
  const [open, setOpen] = useState(false);
  const fixed = credentials?.email_change === false;
  return (
    <Row name="Email" note={fixed && 'It cannot be changed while this installation sends no mail.'}>
      {email === undefined ? (
        <Skeleton className="h-4 w-32" />
      ) : (
        <span className="flex items-center gap-3">
          {email}
          {credentials?.email_change && (
            <Button size="sm" aria-label="Change your email" onClick={() => setOpen(true)}>
              Change
            </Button>
          )}
        </span>
      )}
      {open && credentials && (
        <EmailDialog hasPassword={credentials.password} onClose={() => setOpen(false)} />
      )}
    </Row>
  );
}

function EmailDialog({ hasPassword, onClose }: { hasPassword: boolean; onClose: () => void }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const change = useMutation({ mutationFn: changeEmail });
  if (change.isSuccess) {
    return (
      <Dialog
        open
        onOpenChange={onClose}
        title="Look into your mail"
        description="If the address is free, a link is on its way to it. Open it in this browser within an hour. Until then your old address stays."
      >
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <ActionDialog
      title="Change your email"
      description="We mail a link to the new address."
      action="Send the link"
      state={change}
      onSubmit={() => change.mutate({ email, ...(hasPassword && { current_password: password }) })}
      onClose={onClose}
    >
      <TextField
        label="New email"
        type="email"
        autoComplete="email"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      {hasPassword && <CurrentPasswordField value={password} onChange={setPassword} />}
    </ActionDialog>
  );
}
