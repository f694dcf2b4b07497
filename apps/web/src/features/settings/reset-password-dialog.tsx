import type { Member } from '@saas-codex/contracts/members';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { useResetPassword } from './api/members.js';
import { OneTimeLink } from './one-time-link.js';

/** Makes a link with which a member chooses a new password: mailed to them, or shown here where no mail is sent. */
export function ResetPasswordDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const reset = useResetPassword(member.user_id);
  const { data } = reset;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Reset the password of ${member.name}?`}
      description="They get a link with which they choose a new one. Using it signs them out everywhere else."
    >
      {reset.error && <ErrorNotice error={reset.error} className="mt-3" />}
      {data?.url && <OneTimeLink link={data.url} />}
      {data && !data.url && (
        <p role="status" className="mt-3 text-sm">
          The link was mailed to {member.email}.
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>{data ? 'Close' : 'Cancel'}</Button>
        {!data && (
          <Button variant="primary" busy={reset.isPending} onClick={() => reset.mutate()}>
            Make a link
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}
