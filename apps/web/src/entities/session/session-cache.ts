import type { Session, SessionPage } from '@saas-codex/contracts/sessions';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { meQuery } from '../../shared/api/get-me.js';

/** Query keys of sessions. */
export const sessionKeys = {
  all: ['sessions'] as const,
  lists: ['sessions', 'list'] as const,
  list: (archived: boolean) => [...sessionKeys.lists, { archived }] as const,
  /** Those that wait for this person. */
  needsYou: ['sessions', 'list', 'needs-you'] as const,
  details: ['sessions', 'detail'] as const,
  detail: (sessionId: string) => [...sessionKeys.details, sessionId] as const,
  /** Who watches it. */
  presence: (sessionId: string) => ['sessions', 'presence', sessionId] as const,
  /** Comments on its changes. */
  comments: (sessionId: string) => ['sessions', 'comments', sessionId] as const,
  /** Files that match what is typed. */
  paths: (sessionId: string) => ['sessions', 'paths', sessionId] as const,
  /** The progress of the clone, written by the activity stream. */
  progress: (sessionId: string) => ['sessions', 'progress', sessionId] as const,
};

type Pages = InfiniteData<SessionPage, string | null>;

/**
 * Puts a session where the pages of a list should show it now. Lists are ordered by latest activity, and archived
 * sessions have their own list. Pages keep their borders; only the first page grows.
 */
export function placeSession(pages: Pages, session: Session, archived: boolean): Pages {
  const without = withoutSession(pages, session.session_id);
  if ((session.status === 'archived') !== archived) return without;
  const known = without !== pages;
  const index = without.pages.findIndex((page) =>
    page.items.some((item) => item.updated_at <= session.updated_at),
  );
  if (index >= 0) return insertAt(without, index, session);
  const last = without.pages.length - 1;
  // Older than everything loaded: it belongs on a page that is not loaded yet, unless this is the last one.
  return known || without.pages[last]?.next_cursor === null ? insertAt(without, last, session) : without;
}

function insertAt(data: Pages, pageIndex: number, session: Session): Pages {
  return {
    ...data,
    pages: data.pages.map((page, index) => {
      if (index !== pageIndex) return page;
      const at = page.items.findIndex((item) => item.updated_at <= session.updated_at);
      const items = page.items.toSpliced(at < 0 ? page.items.length : at, 0, session);
      return { ...page, items };
    }),
  };
}

/** Returns the same object if the session is not in it. */
function withoutSession(data: Pages, sessionId: string): Pages {
  if (!data.pages.some((page) => page.items.some((item) => item.session_id === sessionId))) return data;
  return {
    ...data,
    pages: data.pages.map((page) => ({
      ...page,
      items: page.items.filter((item) => item.session_id !== sessionId),
    })),
  };
}

/** Updates a session in every list and on its own page. An older state never replaces a newer one. */
export function applySession(client: QueryClient, session: Session): void {
  const shown = client.getQueryData<Session>(sessionKeys.detail(session.session_id));
  if (shown && shown.updated_at > session.updated_at) return;
  client.setQueryData(sessionKeys.detail(session.session_id), session);
  placeInLists(client, {
    ...session,
    read_at: session.read_at ?? listed(client, session.session_id)?.read_at,
  });
}

export function removeSession(client: QueryClient, sessionId: string): void {
  for (const archived of [false, true]) {
    client.setQueryData<Pages>(sessionKeys.list(archived), (data) => data && withoutSession(data, sessionId));
  }
  client.setQueryData<SessionPage>(sessionKeys.needsYou, (page) => page && without(page, sessionId));
  client.removeQueries({ queryKey: sessionKeys.detail(sessionId) });
}

/** The person has read a session, or marked it as unread. */
export function applyRead(client: QueryClient, sessionId: string, readAt: string | null): void {
  const session = listed(client, sessionId);
  if (session) placeInLists(client, { ...session, read_at: readAt });
}

/** Until when the person has read a session of a list. undefined: the list does not say. null: not at all, or no list has it. */
export function readAtOf(client: QueryClient, sessionId: string): string | null | undefined {
  const session = listed(client, sessionId);
  return session ? session.read_at : null;
}

/** Whether it waits for this person. */
export const waitsFor = (
  { needs_you: need }: Pick<Session, 'needs_you'>,
  userId: string | undefined,
): boolean => userId !== undefined && (need?.user_ids.includes(userId) ?? false);

function placeInLists(client: QueryClient, session: Session): void {
  for (const archived of [false, true]) {
    client.setQueryData<Pages>(
      sessionKeys.list(archived),
      (data) => data && placeSession(data, session, archived),
    );
  }
  const me = client.getQueryData(meQuery.queryKey)?.user.user_id;
  client.setQueryData<SessionPage>(sessionKeys.needsYou, (page) => {
    if (!page) return page;
    const others = without(page, session.session_id);
    if (!waitsFor(session, me)) return others;
    const at = others.items.findIndex(({ updated_at }) => updated_at <= session.updated_at);
    return { ...others, items: others.items.toSpliced(at < 0 ? others.items.length : at, 0, session) };
  });
}

const without = (page: SessionPage, sessionId: string): SessionPage => ({
  ...page,
  items: page.items.filter(({ session_id: id }) => id !== sessionId),
});

/** The session as the page has it. */
export const knownSession = (client: QueryClient, sessionId: string): Session | undefined =>
  client.getQueryData<Session>(sessionKeys.detail(sessionId)) ?? listed(client, sessionId);

/** The session as a list has it. */
function listed(client: QueryClient, sessionId: string): Session | undefined {
  const pages = [false, true].flatMap(
    (archived) => client.getQueryData<Pages>(sessionKeys.list(archived))?.pages ?? [],
  );
  const waiting = client.getQueryData<SessionPage>(sessionKeys.needsYou);
  return [...pages, ...(waiting ? [waiting] : [])]
    .flatMap(({ items }) => items)
    .find(({ session_id: id }) => id === sessionId);
}
