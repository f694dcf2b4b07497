import type { Member } from '@saas-codex/contracts/members';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { useResetPassword, useResetSecondFactor } from './api/members.js';
import { OneTimeLink } from './one-time-link.js';

/**
 * Makes a link with which a member chooses a new password: mailed to them, or shown here where no mail is sent. And removes a
 * second factor that they have lost.
 */
export function ResetPasswordDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const reset = useResetPassword(member.user_id);
  const { data } = reset;
  const removal = useResetSecondFactor(member.user_id);
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
      <div className="mt-4 border-t pt-4 text-sm">
        {removal.isSuccess ? (
          <p role="status">Signing in no longer takes a code of them.</p>
        ) : (
          <div className="flex flex-wrap items-center justify-between gap-2">
            <p className="text-muted-foreground">Have they lost their authenticator app?</p>
            <Button size="sm" busy={removal.isPending} onClick={() => removal.mutate()}>
              Remove the app
            </Button>
          </div>
        )}
        {removal.error && <ErrorNotice error={removal.error} className="mt-3" />}
      </div>
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
