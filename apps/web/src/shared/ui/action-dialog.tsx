import type { FormEvent, ReactNode } from 'react';
import { Button } from './button.js';
import { Dialog, DialogActions } from './dialog.js';
import { ErrorNotice } from './error-notice.js';

interface ActionDialogProps {
  title: string;
  description?: ReactNode;
  /** What the button says that acts. */
  action: string;
  danger?: boolean;
  disabled?: boolean;
  /** Of the mutation that it starts. */
  state: { isPending: boolean; error: Error | null };
  onSubmit: () => void;
  onClose: () => void;
  /** The fields to fill in. None: it only asks to confirm. */
  children?: ReactNode;
}

/** A dialog for one action, which the person confirms or cancels. It shows why the action failed, and then stays open. */
export function ActionDialog(props: ActionDialogProps) {
  const { title, description, action, danger, disabled, state, onSubmit, onClose, children } = props;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog open onOpenChange={onClose} title={title} description={description}>
      <form onSubmit={submit}>
        {(children || state.error) && (
          <div className="mt-4 space-y-4">
            {children}
            {state.error && <ErrorNotice error={state.error} />}
          </div>
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant={danger ? 'danger' : 'primary'}
            type="submit"
            busy={state.isPending}
            disabled={disabled}
          >
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
