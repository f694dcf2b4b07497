import type { Member } from '@saas-codex/contracts/members';
import { ROLES } from '@saas-codex/contracts/permissions';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { meQuery } from '../../shared/api/get-me.js';
import { membersQuery } from '../../shared/api/list-members.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { inWords } from '../../shared/lib/open-enums.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { toastError } from '../../shared/ui/toast.js';
import { useChangeMember } from './api/members.js';
import { InvitationsSection } from './invitations-section.js';
import { ResetPasswordDialog } from './reset-password-dialog.js';
import { RoleSelect } from './role-select.js';
import { Section } from './section.js';

/** Who belongs to the organisation, and who is invited. */
export function MembersPage() {
  const mayManage = usePermission('members:manage');
  return (
    <>
      <MembersSection />
      {mayManage ? (
        <InvitationsSection />
      ) : (
        <p className="text-sm text-muted-foreground">Admins and owners can invite people and change roles.</p>
      )}
    </>
  );
}

function MembersSection() {
  const query = useInfiniteQuery(membersQuery);
  const members = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Members">
      {query.isPending && <Skeleton className="my-3 h-10" />}
      {query.isError && !query.data && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
      )}
      {members.map((member) => (
        <MemberRow key={member.user_id} member={member} />
      ))}
      <LoadMore query={query} />
    </Section>
  );
}

function MemberRow({ member }: { member: Member }) {
  const { data: me } = useQuery(meQuery);
  const mayManage = usePermission('members:manage');
  const mayChangeOwners = usePermission('owners:manage');
  const { changeRole } = useChangeMember(member.user_id);
  const mayReset = usePermission('members:reset_password');
  const [dialog, setDialog] = useState<'remove' | 'reset' | null>(null);
  const closeDialog = () => setDialog(null);
  const own = me?.user.user_id === member.user_id;
  const mayChange = mayManage && (member.role !== 'owner' || mayChangeOwners);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        <p className="truncate text-sm">
          {member.name}
          {own && <span className="text-muted-foreground"> (you)</span>}
        </p>
        <p className="truncate text-xs text-muted-foreground">{member.email}</p>
      </div>
      {mayChange ? (
        <RoleSelect
          label={`Role of ${member.name}`}
          roles={ROLES}
          value={member.role}
          disabled={changeRole.isPending}
          onChange={(role) => changeRole.mutate({ role }, { onError: (error) => toastError(error) })}
        />
      ) : (
        <span className="text-sm text-muted-foreground">{inWords(member.role)}</span>
      )}
      {mayChange && mayReset && !own && (
        <Button size="sm" aria-label={`Reset password of ${member.name}`} onClick={() => setDialog('reset')}>
          Reset password
        </Button>
      )}
      {mayChange && !own && (
        <Button size="sm" aria-label={`Remove ${member.name}`} onClick={() => setDialog('remove')}>
          Remove
        </Button>
      )}
      {dialog === 'remove' && <RemoveDialog member={member} onClose={closeDialog} />}
      {dialog === 'reset' && <ResetPasswordDialog member={member} onClose={closeDialog} />}
    </div>
  );
}

function RemoveDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const { remove } = useChangeMember(member.user_id);
  return (
    <ActionDialog
      title={`Remove ${member.name}?`}
      description="Their access and their API keys end at once. Their sessions stay."
      action="Remove"
      danger
      state={remove}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
