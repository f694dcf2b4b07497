import {
  CreatedInvitation,
  type CreateInvitation,
  InvitationPage,
  Member,
  type UpdateMember,
} from '@saas-codex/contracts/members';
import { PasswordResetLink } from '@saas-codex/contracts/sign-in';
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { membersQuery } from '../../../shared/api/list-members.js';
import { path, request } from '../../../shared/api/request.js';

/** Newest first. */
export const invitationsQuery = infiniteQueryOptions({
  initialPageParam: null as string | null,
  queryKey: ['invitations'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/invitations', { schema: InvitationPage, query: { cursor: pageParam }, signal }),
  getNextPageParam: (page) => page.next_cursor,
});

export function useChangeMember(userId: string) {
  const client = useQueryClient();
  const url = path`/api/members/${userId}`;
  // A refused change may mean that somebody else has changed the member.
  const onSettled = () => client.invalidateQueries({ queryKey: membersQuery.queryKey });
  return {
    changeRole: useMutation({
      mutationFn: (body: UpdateMember) => request(url, { method: 'PATCH', schema: Member, body }),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: (): Promise<void> => request(url, { method: 'DELETE' }),
      onSettled,
    }),
  };
}

export const useResetPassword = (userId: string) =>
  useMutation({
    mutationFn: () =>
      request(path`/api/members/${userId}/password-reset`, { method: 'PUT', schema: PasswordResetLink }),
  });

export const useResetSecondFactor = (userId: string) =>
  useMutation({
    mutationFn: (): Promise<void> =>
      request(path`/api/members/${userId}/second-factor`, { method: 'DELETE' }),
  });

function useInvitationsChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey });
}

export const useInvite = () =>
  useMutation({
    mutationFn: (body: Partial<CreateInvitation>) =>
      request('/api/invitations', { method: 'POST', schema: CreatedInvitation, body }),
    onSuccess: useInvitationsChanged(),
  });

export const useRevokeInvitation = () =>
  useMutation({
    mutationFn: (id: string): Promise<void> => request(path`/api/invitations/${id}`, { method: 'DELETE' }),
    onSettled: useInvitationsChanged(),
  });
