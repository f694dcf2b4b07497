import type { Invitation } from '@saas-codex/contracts/members';
import { type Role, ROLES } from '@saas-codex/contracts/permissions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { inWords } from '../../shared/lib/open-enums.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { toastError } from '../../shared/ui/toast.js';
import { invitationsQuery, useInvite, useRevokeInvitation } from './api/members.js';
import { OneTimeLink } from './one-time-link.js';
import { RoleSelect } from './role-select.js';
import { Section } from './section.js';

export function InvitationsSection() {
  const query = useInfiniteQuery(invitationsQuery);
  const invitations = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Invitations">
      <InviteForm />
      {query.isPending && <Skeleton className="my-3 h-10" />}
      {query.isError && !query.data && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
      )}
      {query.isSuccess && invitations.length === 0 && (
        <p className="py-3 text-sm text-muted-foreground">No invitation is open.</p>
      )}
      {invitations.map((invitation) => (
        <InvitationRow key={invitation.invitation_id} invitation={invitation} />
      ))}
      <LoadMore query={query} />
    </Section>
  );
}

/** Makes an invitation, and shows its link once. */
function InviteForm() {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('member');
  const invite = useInvite();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = email.trim();
    invite.mutate({ role, ...(address && { email: address }) }, { onSuccess: () => setEmail('') });
  };
  return (
    <form onSubmit={submit} aria-label="Invite" className="py-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="E-mail address (optional)"
          type="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          className="min-w-full flex-1 sm:min-w-48"
        />
        <RoleSelect label="Role" roles={ROLES} value={role} onChange={setRole} />
        <Button variant="primary" type="submit" busy={invite.isPending}>
          Create link
        </Button>
      </div>
      <p className="mt-1.5 text-xs text-muted-foreground">
        With an address, only this person can use the link. Without one, whoever has it.
      </p>
      {invite.error && <ErrorNotice error={invite.error} className="mt-3" />}
      {invite.data?.link && <OneTimeLink link={invite.data.link} />}
    </form>
  );
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const revoke = useRevokeInvitation();
  const whose = invitation.email ?? 'Anybody with the link';
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        <p className="truncate text-sm">{whose}</p>
        <p className="truncate text-xs text-muted-foreground">
          {inWords(invitation.role)}, invited by {invitation.invited_by}, until{' '}
          {new Date(invitation.expires_at).toLocaleDateString()}
        </p>
      </div>
      <Button
        size="sm"
        aria-label={`Revoke the invitation: ${whose}`}
        busy={revoke.isPending}
        onClick={() => revoke.mutate(invitation.invitation_id, { onError: (error) => toastError(error) })}
      >
        Revoke
      </Button>
    </div>
  );
}
