import { isAtLeast, ROLES } from '@saas-codex/contracts/permissions';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useId, useState } from 'react';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { useLeaveSession } from '../../entities/session/use-session-actions.js';
import { isPrivate } from '../../entities/session/use-session-privacy.js';
import { membersQuery } from '../../shared/api/list-members.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Spinner } from '../../shared/ui/spinner.js';

/** Roles whose members may work in a session, and so may own one. */
const WRITERS = new Set<string>(ROLES.filter((role) => isAtLeast(role, 'member')));

/** Gives a session to another member. */
export function HandOverDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const id = useId();
  const [userId, setUserId] = useState('');
  const { data, error, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery(membersQuery);
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const update = useUpdateSession();
  const { leave } = useLeaveSession();
  const members = (data?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((member) => WRITERS.has(member.role) && member.user_id !== session.owner_id);
  const chosen = members.find((member) => member.user_id === userId);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!chosen) return;
    const onSuccess = () => {
      onClose();
      if (isPrivate(session)) leave(session.session_id);
    };
    update.mutate({ sessionId: session.session_id, change: { owner_id: chosen.user_id } }, { onSuccess });
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Hand over this session"
      description={
        isPrivate(session)
          ? 'It stays private: from then on only its new owner reads it. It can be handed over while no run works or waits.'
          : 'Its new owner decides who sees it. Everybody still sees it and may work in it.'
      }
    >
      <form onSubmit={submit}>
        {data && members.length === 0 && !isFetching ? (
          <p className="mt-3 text-sm">Nobody else in your organisation may work in sessions.</p>
        ) : (
          <label htmlFor={id} className="mt-3 block text-sm font-medium">
            New owner
            {data || error ? (
              <select
                id={id}
                required
                value={userId}
                onChange={(event) => setUserId(event.target.value)}
                className="mt-1.5 block h-9 w-full rounded-lg border border-input bg-background px-2 text-sm font-normal pointer-coarse:h-11"
              >
                <option value="" disabled>
                  Choose a member
                </option>
                {members.map((member) => (
                  <option key={member.user_id} value={member.user_id}>
                    {member.name} ({member.email})
                  </option>
                ))}
              </select>
            ) : (
              <Spinner className="mt-2" />
            )}
          </label>
        )}
        {(update.error ?? error) && <ErrorNotice error={update.error ?? error} className="mt-3" />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" busy={update.isPending} disabled={!chosen}>
            Hand over
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
