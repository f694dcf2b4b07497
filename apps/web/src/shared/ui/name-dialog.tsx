import { type ComponentProps, useState } from 'react';
import { ActionDialog } from './action-dialog.js';
import { TextField } from './text-field.js';

interface NameDialogProps extends Omit<
  ComponentProps<typeof ActionDialog>,
  'onSubmit' | 'disabled' | 'children'
> {
  initial: string;
  autoComplete?: 'name';
  /** The only name that it accepts. Without it: any. */
  expected?: string;
  onSubmit: (name: string) => void;
}

/** Asks for a name: a new one, or the present one to confirm what cannot be undone. */
export function NameDialog({ initial, autoComplete, expected, onSubmit, ...dialog }: NameDialogProps) {
  const [typed, setTyped] = useState(initial);
  const name = typed.trim();
  return (
    <ActionDialog
      {...dialog}
      disabled={expected === undefined ? name === '' : name !== expected}
      onSubmit={() => onSubmit(name)}
    >
      <TextField
        label="Name"
        autoFocus
        autoComplete={autoComplete}
        required
        maxLength={100}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </ActionDialog>
  );
}
