import type { Me } from '@saas-codex/contracts/identity';
import type { Session, SessionPage } from '@saas-codex/contracts/sessions';
import { type InfiniteData, QueryClient } from '@tanstack/react-query';
import {
  applyRead,
  applySession,
  placeSession,
  readAtOf,
  removeSession,
  sessionKeys,
} from '../../../src/entities/session/session-cache.js';
import { meQuery } from '../../../src/shared/api/get-me.js';

const session = (id: string, minute: number, change: Partial<Session> = {}) =>
  ({
    session_id: id,
    status: 'ready',
    title: id,
    updated_at: `2026-01-01T10:${String(minute).padStart(2, '0')}:00.000Z`,
    ...change,
  }) as Session;

const pages = (...items: Session[][]): InfiniteData<SessionPage, string | null> => ({
  pages: items.map((page, index) => ({ items: page, next_cursor: index < items.length - 1 ? 'more' : null })),
  pageParams: items.map(() => null),
});
const ids = (data: InfiniteData<SessionPage, string | null>) =>
  data.pages.map((page) => page.items.map((item) => item.session_id));

describe('placeSession', () => {
  const data = pages([session('c', 30), session('b', 20)], [session('a', 10)]);

  it('moves a session with new activity to the top', () => {
    expect(ids(placeSession(data, session('a', 40), false))).toEqual([['a', 'c', 'b'], []]);
  });

  it('leaves a session in its place if only its title changed', () => {
    const next = placeSession(data, session('b', 20, { title: 'new' }), false);
    expect(ids(next).flat()).toEqual(['c', 'b', 'a']);
    expect(next.pages.flatMap((page) => page.items)[1]?.title).toBe('new');
  });

  it('adds a new session, and the oldest one', () => {
    expect(ids(placeSession(data, session('d', 50), false))).toEqual([['d', 'c', 'b'], ['a']]);
    expect(ids(placeSession(data, session('0', 1), false))).toEqual([
      ['c', 'b'],
      ['a', '0'],
    ]);
  });

  it('does not show a session whose page is not loaded yet', () => {
    const partial = { ...data, pages: data.pages.map((page) => ({ ...page, next_cursor: 'more' })) };
    expect(placeSession(partial, session('0', 1), false)).toBe(partial);
  });

  it('moves an archived session from one list to the other', () => {
    const archived = session('b', 20, { status: 'archived' });
    expect(ids(placeSession(data, archived, false))).toEqual([['c'], ['a']]);
    expect(ids(placeSession(pages([]), archived, true))).toEqual([['b']]);
  });
});

describe('applySession', () => {
  it('never replaces a newer state with an older one', () => {
    const client = new QueryClient();
    client.setQueryData(sessionKeys.list(false), pages([]));
    applySession(client, session('a', 20));
    applySession(client, session('a', 10, { title: 'late' }));
    expect(client.getQueryData<Session>(sessionKeys.detail('a'))?.title).toBe('a');
    expect(
      client.getQueryData<InfiniteData<SessionPage>>(sessionKeys.list(false))?.pages[0]?.items,
    ).toHaveLength(1);
  });

  it('keeps the list of those that wait for this person, and how far the person has read each', () => {
    const client = new QueryClient();
    client.setQueryData<Me>(meQuery.queryKey, {
      user: { user_id: 'ada', name: 'Ada', email: 'ada@example.com' },
      tenant: { tenant_id: 't', name: 'Acme' },
      role: 'member',
    });
    client.setQueryData(sessionKeys.list(false), pages([session('a', 1, { read_at: null })]));
    client.setQueryData<SessionPage>(sessionKeys.needsYou, { items: [], next_cursor: null });
    const waiting = () =>
      client.getQueryData<SessionPage>(sessionKeys.needsYou)?.items.map((each) => each.session_id);
    const need = (...user_ids: string[]) => ({
      needs_you: { reason: 'run_failed' as const, since: '2026-01-01T10:00:00.000Z', user_ids },
    });
    applySession(client, session('a', 2, need('ada', 'ben')));
    applySession(client, session('b', 3, need('ada')));
    applySession(client, session('c', 4, need('ben')));
    expect(waiting()).toEqual(['b', 'a']);
    expect([readAtOf(client, 'a'), readAtOf(client, 'b'), readAtOf(client, 'none')]).toEqual([
      null,
      undefined,
      null,
    ]);
    applyRead(client, 'a', '2026-01-01T10:02:00.000Z');
    applySession(client, session('a', 5, { needs_you: null }));
    expect([waiting(), readAtOf(client, 'a')]).toEqual([['b'], '2026-01-01T10:02:00.000Z']);
    removeSession(client, 'b');
    expect(waiting()).toEqual([]);
  });

  it('removes a deleted session everywhere', () => {
    const client = new QueryClient();
    client.setQueryData(sessionKeys.list(false), pages([session('a', 1)]));
    applySession(client, session('a', 2));
    removeSession(client, 'a');
    expect(client.getQueryData(sessionKeys.detail('a'))).toBeUndefined();
    expect(client.getQueryData<InfiniteData<SessionPage>>(sessionKeys.list(false))?.pages[0]?.items).toEqual(
      [],
    );
  });
});
