import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { meQuery } from '../../../shared/api/get-me.js';
import { Button } from '../../../shared/ui/button.js';
import { NameDialog } from '../../../shared/ui/name-dialog.js';
import { Skeleton } from '../../../shared/ui/skeleton.js';
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
      {open && name !== undefined && <ChangeNameDialog name={name} onClose={() => setOpen(false)} />}
    </Row>
  );
}

function ChangeNameDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: updateMe,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: meQuery.queryKey });
      onClose();
    },
  });
  return (
    <NameDialog
      title="Change your name"
      action="Change name"
      initial={name}
      autoComplete="name"
      state={change}
      onSubmit={(typed) => change.mutate({ name: typed })}
      onClose={onClose}
    />
  );
}
