import { MAX_TITLE_LENGTH, type Session } from '@saas-codex/contracts/sessions';
import { type FormEvent, useState } from 'react';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { TextField } from '../../shared/ui/text-field.js';

export function RenameSessionDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [title, setTitle] = useState(session.title);
  const update = useUpdateSession();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate({ sessionId: session.session_id, change: { title: title.trim() } }, { onSuccess: onClose });
  };

  return (
    <Dialog open onOpenChange={onClose} title="Rename session">
      <form onSubmit={submit}>
        <TextField
          label="Title"
          hideLabel
          autoFocus
          error={tooLong(title, MAX_TITLE_LENGTH)}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          onFocus={(event) => event.target.select()}
          className="mt-3"
        />
        {update.error && <ErrorNotice error={update.error} className="mt-3" />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            type="submit"
            busy={update.isPending}
            disabled={!title.trim() || tooLong(title, MAX_TITLE_LENGTH) !== undefined}
          >
            Rename
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
