import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MemberPage } from '@saas-codex/contracts/members';
import type { RunPage } from '@saas-codex/contracts/runs';
import type { CreatedShareLink, ShareLinkPage } from '@saas-codex/contracts/sharing';
import type { Ids } from '@saas-codex/testing/backend/operations';
import { MARK, OperationsWorld } from '@saas-codex/testing/backend/operations-world';
import { createPerson } from '@saas-codex/testing/backend/people';
import { openSse } from '@saas-codex/testing/sse-client';

let world: OperationsWorld;
beforeAll(async () => {
  world = await OperationsWorld.start();
});
afterAll(() => world.stop());

/** Opens a link as a browser does. @returns where its routes are, and the cookie for them */
async function open({ link }: CreatedShareLink): Promise<{ prefix: string; cookie: string }> {
  const { pathname, hash } = new URL(link ?? '');
  const answer = await world.backend.post('/api/share-links/open', { token: hash.slice('#token='.length) });
  expect(answer.status).toBe(200);
  const [set = ''] = answer.headers.getSetCookie();
  const prefix = `/api${pathname}`;
  expect(set).toContain(`; Path=${prefix}; `);
  expect(set).toMatch(/; HttpOnly; SameSite=Strict/);
  return { prefix, cookie: set.split(';')[0] ?? '' };
}

describe('the reader of a link', () => {
  const SERVED = [
    'listRunItems',
    'listRuns',
    'readDiff',
    'readFilePatch',
    'readRun',
    'readRunHistory',
    'readSession',
    'streamActivity',
    'streamRunEvents',
  ];
  const OTHER = 'Secret plan of another session';
  const SCRIPT = 'echo the way we set up';
  let others: Ids;
  let reader: { prefix: string; cookie: string };
  const read = (path: string, { prefix, cookie } = reader) =>
    fetch(`${world.backend.url}${prefix}${path}`, { headers: { cookie } });
  const change = (sessionId: string, body: object) =>
    world.send(world.person('owner').key, 'PATCH', `/api/sessions/${sessionId}`, body);
  /** A session of its own, with a link that was opened. */
  async function shared(body: object = {}) {
    const { session_id: id, run_id: runId } = await world.startSession('Wait', { title: 'Shared' });
    const link = await world.share(id, body);
    return { id, runId, link, reader: await open(link) };
  }

  beforeAll(async () => {
    const ids = await world.startSession(OTHER, { title: OTHER, setup: { script: SCRIPT } });
    others = { ...world.ours, ...ids };
    reader = await open(await world.share(world.ours.session_id));
  });

  it('is refused but for what shows the session, whatever else the browser is', async () => {
    const owner = world.person('owner');
    // Reading is limited for each link.
    const another = await open(await world.share(world.ours.session_id));
    const before = await world.everything();
    for (const [own, besides] of [
      [reader, {}],
      [another, owner.key],
    ] as const) {
      const as = { cookie: `${own.cookie}; ${owner.cookie.cookie}`, ...besides };
      for (const operation of world.operations.filter(({ path }) => path.startsWith('/api/'))) {
        const [status, code] = await world.call(operation, as, world.ours, 'accepted', own.prefix);
        const isServed = SERVED.includes(operation.id);
        const isAnswered = status !== 403 && status !== 401;
        expect([operation.id, isAnswered, isServed || code]).toEqual([
          operation.id,
          isServed,
          isServed || 'forbidden',
        ]);
      }
    }
    expect(await world.everything()).toBe(before);
  });

  it('finds nothing of another session, nor of how its own is set up', async () => {
    for (const operation of world.operations.filter(
      ({ id }) => SERVED.includes(id) && id !== 'streamActivity',
    )) {
      const [status, code] = await world.call(operation, reader, others, 'accepted', reader.prefix);
      expect([operation.id, status, code]).toEqual([operation.id, 404, expect.stringMatching(/not_found$/)]);
    }
    const stream = await openSse(`${world.backend.url}${reader.prefix}/events?runs=${others.run_id}`, {
      headers: reader,
    });
    await stream.until((events) => events.some(({ event }) => event === 'run.error'));
    stream.close();
    const runs = (await (
      await world.backend.fetch(`/api/sessions/${others.session_id}/runs`)
    ).json()) as RunPage;
    const setup = runs.items.find(({ kind }) => kind === 'setup')?.run_id ?? '';
    const own = await open(await world.share(others.session_id));
    expect((await read(`/runs/${setup}`, own)).status).toBe(404);
    expect((await read(`/runs/${setup}/history`, own)).status).toBe(404);
    const listed = await read(`/sessions/${others.session_id}/runs`, own);
    expect(((await listed.json()) as RunPage).items.map(({ kind }) => kind)).toEqual(['prompt']);
  });

  it('says nothing of who works here, where and on what else', async () => {
    const prompt = { prompt: 'Look', images: [world.ours.image_id] };
    const path = `/api/sessions/${world.ours.session_id}/prompt`;
    expect((await world.send(world.person('owner').key, 'POST', path, prompt)).status).toBe(202);
    const told: string[] = [];
    for (const operation of world.operations.filter(
      ({ id }) => SERVED.includes(id) && !id.startsWith('stream'),
    )) {
      const [status, , text] = await world.call(operation, reader, world.ours, 'accepted', reader.prefix);
      if (!operation.path.includes('/diff')) expect([operation.id, status]).toEqual([operation.id, 200]);
      told.push(text);
    }
    const answer = await read(`/sessions/${world.ours.session_id}`);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('x-robots-tag')).toBe('noindex');
    expect(await answer.json()).toMatchObject({
      title: expect.stringContaining(MARK),
      repo_path: '',
      setup: null,
      thread_id: null,
    });
    const { items } = (await (await world.backend.fetch('/api/members')).json()) as MemberPage;
    const people = items.flatMap(({ user_id, email }) => [user_id, email]);
    for (const word of [
      ...people,
      world.tenantId,
      OTHER,
      SCRIPT,
      others.session_id,
      world.ours.image_id,
      world.backend.config.WORKSPACES_ROOT,
    ])
      expect(told.filter((text) => text.includes(word))).toEqual([]);
  });

  it('hears what happens in the session, and not what happens elsewhere', async () => {
    const { id, reader: own } = await shared();
    const stream = await openSse(`${world.backend.url}${own.prefix}/events`, { headers: own });
    await change(others.session_id, { title: `${OTHER}!` });
    await change(id, { title: 'Shared, and renamed' });
    const events = await stream.until((all) => all.some(({ data }) => data.includes('Shared, and renamed')));
    expect(JSON.stringify(events)).not.toContain(OTHER);
    expect(JSON.stringify(events)).not.toContain(world.backend.config.WORKSPACES_ROOT);
    stream.close();
  });

  it('is nobody without the cookie of this very link', async () => {
    const other = await open(await world.share(others.session_id));
    const [until = '', signature = ''] = (reader.cookie.split('=')[1] ?? '').split('.');
    for (const cookie of [
      '',
      other.cookie,
      `saas_codex_share=${Number(until) + 1}.${signature}`,
      `saas_codex_share=${Math.floor(Date.now() / 1_000) - 1}.${signature}`,
      world.person('owner').cookie.cookie,
    ]) {
      const answer = await read(`/sessions/${world.ours.session_id}`, { ...reader, cookie });
      expect([cookie, answer.status]).toEqual([cookie, 401]);
    }
    expect((await read(`/sessions/${world.ours.session_id}`)).status).toBe(200);
    const wrong = await world.backend.post('/api/share-links/open', { token: 'never' });
    expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([410, 'link_invalid']);
  });

  it('is cut off when the link ends, for whatever reason, and cannot open it again', async () => {
    const maker = await createPerson(world.backend, world.tenantId, 'member');
    type Shared = Awaited<ReturnType<typeof shared>>;
    const ends: [string, (one: Shared) => Promise<unknown>][] = [
      [
        'revoked',
        ({ id, link }) =>
          world.backend.fetch(`/api/sessions/${id}/share-links/${link.share_link_id}`, { method: 'DELETE' }),
      ],
      [
        'expired',
        ({ link }) =>
          world.sql('UPDATE share_links SET expires_at = now() WHERE id = $1', [link.share_link_id]),
      ],
      ['archived', ({ id }) => world.sql(`UPDATE sessions SET status = 'archived' WHERE id = $1`, [id])],
      ['deleted', ({ id }) => world.backend.fetch(`/api/sessions/${id}`, { method: 'DELETE' })],
      [
        'made by a viewer now',
        async ({ link }) => {
          await world.sql('UPDATE share_links SET created_by = $2 WHERE id = $1', [
            link.share_link_id,
            maker.userId,
          ]);
          await world.sql(`UPDATE members SET role = 'viewer' WHERE user_id = $1`, [maker.userId]);
        },
      ],
    ];
    const all = await Promise.all(ends.map(async ([why, end]) => ({ why, end, one: await shared() })));
    const cutOff = async ({ why, end, one }: (typeof all)[number]) => {
      const { prefix, cookie } = one.reader;
      const streams = await Promise.all(
        ['/events', `/runs/${one.runId}/events`].map((path) =>
          openSse(`${world.backend.url}${prefix}${path}`, { headers: { cookie } }),
        ),
      );
      expect(streams.map(({ status }) => status)).toEqual([200, 200]);
      await end(one);
      await Promise.all(streams.map((stream) => stream.ended()));
      expect([why, (await read(`/sessions/${one.id}`, one.reader)).status]).toEqual([why, 401]);
      const token = new URL(one.link.link ?? '').hash.slice('#token='.length);
      expect([why, (await world.backend.post('/api/share-links/open', { token })).status]).toEqual([
        why,
        410,
      ]);
    };
    await Promise.all(all.map(cutOff));
  });

  it('is limited by its link and network, and stops no other reader', async () => {
    const { id, reader: own } = await shared();
    const statuses = await Promise.all(
      Array.from({ length: 320 }, async () => (await read(`/sessions/${id}`, own)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect((await read(`/sessions/${world.ours.session_id}`)).status).toBe(200);
  });

  it('is listed by the links that work, whose secrets are kept nowhere', async () => {
    const { id, link, reader: own } = await shared({ expires_at: '2999-01-01T00:00:00Z' });
    await world.sql(`UPDATE share_links SET expires_at = now() WHERE id = $1`, [
      (await world.share(id)).share_link_id,
    ]);
    const list = async () =>
      ((await (await world.backend.fetch(`/api/sessions/${id}/share-links`)).json()) as ShareLinkPage).items;
    expect(await list()).toEqual([
      expect.objectContaining({
        share_link_id: link.share_link_id,
        expires_at: '2999-01-01T00:00:00.000Z',
        last_opened_at: expect.any(String),
      }),
    ]);
    expect(JSON.stringify(await list())).not.toContain('token');
    const token = new URL(link.link ?? '').hash.slice('#token='.length);
    const rows = await world.sql('SELECT * FROM share_links');
    expect(JSON.stringify(rows)).not.toContain(token);
    expect((await read(`/sessions/${id}`, own)).status).toBe(200);
    const past = await world.backend.post(`/api/sessions/${id}/share-links`, {
      expires_at: '2020-01-01T00:00:00Z',
    });
    expect(past.status).toBe(400);
  });
});
