import type { Me } from '@saas-codex/contracts/identity';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../../shared/api/get-me.js';
import { repoName } from '../../shared/lib/repo-name.js';

type Visibility = Pick<Session, 'visibility' | 'owner_id'>;

/** Whether only its owner reads the session. An older server does not say, and has no such sessions. */
export const isPrivate = ({ visibility }: Visibility): boolean => (visibility ?? 'tenant') !== 'tenant';

/**
 * isMine: the session belongs to this person.
 * isOutline: it is private to another person, so this one sees that it exists and nothing of what is in it.
 */
export function useSessionPrivacy(session: Visibility): { isMine: boolean; isOutline: boolean } {
  const { data: me } = useQuery(meQuery);
  return privacyFor(me, session);
}

function privacyFor(me: Me | undefined, session: Visibility) {
  const isMine = me !== undefined && me.user.user_id === session.owner_id;
  return { isMine, isOutline: me !== undefined && isPrivate(session) && !isMine };
}

/** What a list says of where the session works. */
export function useSessionPlace(): (session: Session) => string {
  const { data: me } = useQuery(meQuery);
  return (session) =>
    privacyFor(me, session).isOutline
      ? 'Of another person'
      : (repoName(session.repo_url) ?? 'Empty repository');
}
