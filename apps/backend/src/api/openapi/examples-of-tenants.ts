import type { CreatedInvitation, Invitation, InvitationPreview, Member } from '@saas-codex/contracts/members';
import type { Tenant } from '@saas-codex/contracts/tenants';

export const MEMBER: Member = {
  user_id: 'Zk1vTq8mXc3rWb6y',
  name: 'Ada',
  email: 'ada@example.com',
  role: 'owner',
  joined_at: '2026-11-02T08:00:00.000Z',
};
export const TENANT: Tenant = {
  tenant_id: 'local',
  name: 'Local',
  role: 'owner',
  current: true,
  created_at: '2026-11-02T08:00:00.000Z',
  deletes_at: null,
};
export const INVITATION: Invitation = {
  invitation_id: 'p3Jq7WnUe0sHd5Ka',
  role: 'member',
  email: 'grace@example.com',
  invited_by: 'Ada',
  created_at: '2026-11-23T09:00:00.000Z',
  expires_at: '2026-11-30T09:00:00.000Z',
};
export const CREATED_INVITATION: CreatedInvitation = {
  ...INVITATION,
  link: 'https://codex.example.com/invitation#token=the-secret-of-this-link',
};
export const INVITATION_PREVIEW: InvitationPreview = {
  tenant_name: 'Local',
  role: 'member',
  email: 'grace@example.com',
  invited_by: 'Ada',
  expires_at: '2026-11-30T09:00:00.000Z',
  signed_in_as: null,
};
