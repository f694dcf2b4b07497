import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { meQuery } from '../../../shared/api/get-me.js';
import { Button } from '../../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../../shared/ui/dialog.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
import { TextField } from '../../../shared/ui/text-field.js';
import { updateMe } from '../api/account.js';
import { Row } from '../section.js';

/** The person's name, and the dialog that changes it. */
export function NameRow({ name }: { name: string | undefined }) {
  const [open, setOpen] = useState(false);
  return (
    <Row name="Name">
      {name === undefined ? (
        <Skeleton className="h-4 w-32" />
      ) : (
        <span className="flex items-center gap-3">
          {name}
          <Button size="sm" aria-label="Change your name" onClick={() => setOpen(true)}>
            Change
          </Button>
        </span>
      )}
      {open && name !== undefined && <NameDialog name={name} onClose={() => setOpen(false)} />}
    </Row>
  );
}

function NameDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState(name);
  const { mutate, error, isPending } = useMutation({
    mutationFn: updateMe,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: meQuery.queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate({ name: typed.trim() });
  };
  return (
    <Dialog open onOpenChange={onClose} title="Change your name">
      <form onSubmit={submit} className="mt-4 space-y-4">
        <TextField
          label="Name"
          autoComplete="name"
          required
          maxLength={100}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {error && <ErrorNotice error={error} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" busy={isPending} disabled={!typed.trim()}>
            Change name
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
