import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { TextField } from '../../shared/ui/text-field.js';

interface NameDialogProps {
  title: string;
  action: string;
  description?: string;
  danger?: boolean;
  initial: string;
  isReady: (name: string) => boolean;
  state: { isPending: boolean; error: Error | null };
  onSubmit: (name: string) => void;
  onClose: () => void;
}

/** Asks for a name: a new one, or the present one to confirm what cannot be undone. */
export function NameDialog({
  title,
  action,
  description,
  danger,
  initial,
  isReady,
  state,
  ...on
}: NameDialogProps) {
  const [name, setName] = useState(initial);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    on.onSubmit(name.trim());
  };
  return (
    <Dialog open onOpenChange={on.onClose} title={title} description={description}>
      <form onSubmit={submit}>
        <TextField
          label="Name"
          autoFocus
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
          className="mt-3"
        />
        {state.error && <ErrorNotice error={state.error} className="mt-3" />}
        <DialogActions>
          <Button onClick={on.onClose}>Cancel</Button>
          <Button
            variant={danger ? 'danger' : 'primary'}
            type="submit"
            busy={state.isPending}
            disabled={!isReady(name.trim())}
          >
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

export const isWritten = (name: string): boolean => name !== '';
