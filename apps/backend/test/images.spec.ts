import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HEADERS } from '@saas-codex/contracts/http';
import { IMAGE_TYPES, type SessionImage } from '@saas-codex/contracts/images';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { RunItemPage, Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { TenantUsage } from '@saas-codex/contracts/usage';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { sendRaw } from '@saas-codex/testing/gateway/gateway';
import { SAMPLE_IMAGES } from '@saas-codex/testing/sample-images';
import { DataSource } from 'typeorm';
import { RetentionReconciler } from '../src/retention/retention-reconciler.js';

const PNG = SAMPLE_IMAGES['image/png'];
const MEGABYTE = 1024 * 1024;

let world: SessionsWorld;
let session: Session;
beforeAll(async () => {
  world = await SessionsWorld.create({ MAX_IMAGE_MB: '1.5', MAX_IMAGES_PER_PROMPT: '2' });
  await world.startRunner();
  const repo_url = await world.git.createRepository('images', { 'README.md': 'Images\n' });
  session = await world.sessionIs((await world.begin({ repo_url })).session_id, 'ready');
});
afterAll(() => world.destroy());

type Answer = Partial<SessionImage & Problem>;
const at = (id = session.session_id) => `/api/sessions/${id}/images`;

type Body = NonNullable<RequestInit['body']>;

async function upload(body: Body, headers: Record<string, string> = {}, to = at()) {
  const response = await world.backend.fetch(to, {
    method: 'POST',
    headers: { 'content-type': 'image/png', ...headers },
    body,
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
}
const uploaded = async (body: Body = PNG, to = at()) => (await upload(body, {}, to)).body.image_id ?? '';
const read = (id: string, headers: Record<string, string> = {}) =>
  world.backend.fetch(`${at()}/${id}`, { headers });
const prompt = (images: string[], id = session.session_id) =>
  world.call<Run>('POST', `/api/sessions/${id}/prompt`, { prompt: 'Look at this', images });
const files = (id = session.session_id) => readdir(join(world.root, '.images', id)).catch((): string[] => []);

describe('an image that was uploaded', () => {
  it.each(IMAGE_TYPES)('is served as what it is, whatever its upload said: %s', async (type) => {
    const { status, headers, body } = await upload(SAMPLE_IMAGES[type], { 'content-type': 'text/html' });
    const { bytes, width, height } = body;
    expect([status, body.media_type, bytes]).toEqual([201, type, SAMPLE_IMAGES[type].length]);
    expect([width, height]).toEqual(type === 'image/gif' ? [1, 1] : [6, 4]);
    expect(headers.get('location')).toBe(`${at()}/${body.image_id}`);
    const response = await read(body.image_id ?? '');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(SAMPLE_IMAGES[type]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': type,
      'content-length': String(SAMPLE_IMAGES[type].length),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'private, no-cache',
      'content-disposition': expect.stringMatching(/^inline; filename="[0-9a-f-]{36}\.(png|jpg|webp|gif)"$/),
    });
  });

  it('is not sent again to who has it', async () => {
    const id = await uploaded();
    const tag = (await read(id)).headers.get('etag') ?? '';
    const { ownerToken, url } = world.backend;
    // fetch would add `Cache-Control: no-cache`.
    const headers = { authorization: `Bearer ${ownerToken}`, 'if-none-match': tag };
    const again = await sendRaw(`${url}${at()}/${id}`, { headers });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  it('is the same one, however often the request arrives, and another one is refused', async () => {
    const key = { [HEADERS.idempotencyKey]: randomUUID() };
    const [first, second] = [await upload(PNG, key), await upload(PNG, key)];
    expect(second.body).toEqual(first.body);
    const other = await upload(SAMPLE_IMAGES['image/gif'], key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('counts for what the organisation stores', async () => {
    const stored = async () =>
      (await world.call<TenantUsage>('GET', '/api/usage')).body.disk.images_bytes ?? 0;
    const before = await stored();
    await uploaded();
    expect(await stored()).toBe(before + PNG.length);
  });

  it('is of its session alone', async () => {
    const other = await world.begin();
    const id = await uploaded(PNG, at(other.session_id));
    expect((await read(id)).status).toBe(404);
    expect(await prompt([id])).toMatchObject({ status: 404, body: { code: 'image_not_found' } });
  });
});

describe('an upload', () => {
  it.each<[string, string, number, string, Body]>([
    ['an SVG', 'image/svg+xml', 422, 'image_invalid', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['a damaged image', 'image/png', 422, 'image_invalid', PNG.subarray(0, 40)],
    ['nothing', 'image/png', 422, 'image_invalid', ''],
    ['JSON', 'application/json', 422, 'image_invalid', '{"a":1}'],
    ['too much', 'image/png', 413, 'payload_too_large', Buffer.alloc(2 * MEGABYTE)],
    ['too much, of unannounced length', 'image/png', 413, 'payload_too_large', endless(2 * MEGABYTE)],
  ])('of %s is refused with a sentence, and leaves no file', async (_, type, status, code, body) => {
    const before = await files();
    const answer = await upload(body, { 'content-type': type });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).toMatch(/[A-Z].*\.$/);
    expect(await files()).toEqual(before);
  });

  it('may be larger than other requests', async () => {
    const padded = Buffer.concat([PNG, Buffer.alloc(1.4 * MEGABYTE)]);
    expect((await upload(padded)).body.bytes).toBe(PNG.length);
  });

  it('is possible while the session is being set up, and not when it is archived', async () => {
    const fresh = await world.begin();
    expect((await upload(PNG, {}, at(fresh.session_id))).status).toBe(201);
    await world.sessionIs(fresh.session_id, 'ready');
    await world.call('PATCH', `/api/sessions/${fresh.session_id}`, { status: 'archived' });
    expect((await upload(PNG, {}, at(fresh.session_id))).body.code).toBe('session_archived');
  });
});

function endless(bytes: number): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (let sent = 0; sent < bytes; sent += 65_536) controller.enqueue(new Uint8Array(65_536));
      controller.close();
    },
  });
}

describe('a prompt with images', () => {
  const outputOf = async (runId: string) => {
    const { body } = await world.call<RunItemPage>('GET', `/api/runs/${runId}/items`);
    const command = body.items.find(({ type }) => type === 'command_execution');
    return command && 'aggregated_output' in command ? String(command.aggregated_output) : '';
  };

  it('shows them to the model, and read-only in the jail, where no diff has them', async () => {
    const [first, second] = [await uploaded(), await uploaded(SAMPLE_IMAGES['image/jpeg'])];
    const { status, body: run } = await prompt([first, second]);
    expect([status, run.images?.map(({ image_id }) => image_id)]).toEqual([202, [first, second]]);
    await world.runIs(run.run_id, 'succeeded');

    const seen = world.model.requests.find(({ prompts }) => prompts.at(-1) === 'Look at this')?.images;
    expect(seen?.map((url) => url.slice(0, 22))).toEqual([
      'data:image/png;base64,',
      'data:image/jpeg;base64',
    ]);
    expect(seen?.[0]).toBe(`data:image/png;base64,${PNG.toString('base64')}`);
    const output = await outputOf(run.run_id);
    expect(output).toContain('1.png\n2.jpg');
    expect(output).toContain(createHash('sha256').update(PNG).digest('hex'));
    expect(output).toMatch(/1\.png: (Read-only file system|Permission denied)/);
    const diff = await world.call<Diff>('GET', `/api/sessions/${session.session_id}/diff`);
    expect(diff.body.files).toEqual([]);

    const [listed] = (await world.runs(session.session_id)).filter(({ run_id }) => run_id === run.run_id);
    expect(listed?.images).toEqual(run.images);
    const next = await world.prompt(session.session_id, 'Look for them again');
    await world.runIs(next.run_id, 'succeeded');
    expect([next.images, await outputOf(next.run_id)]).toEqual([
      undefined,
      expect.stringContaining('No such file'),
    ]);
    expect(Buffer.from(await (await read(first)).arrayBuffer())).toEqual(PNG);
  });

  it('is refused with too many, the same twice, or one that is not there, and nothing is queued', async () => {
    const ids = [await uploaded(), await uploaded(), await uploaded()];
    const before = (await world.runs(session.session_id)).length;
    expect((await prompt(ids)).body.code).toBe('too_many_images');
    expect((await prompt([ids[0] ?? '', ids[0] ?? ''])).body.code).toBe('invalid_request');
    expect((await prompt([randomUUID()])).body.code).toBe('image_not_found');
    expect((await world.runs(session.session_id)).length).toBe(before);
  });

  it('fails with a sentence when an image is no longer there', async () => {
    const id = await uploaded();
    await rm(join(world.root, '.images', session.session_id, `${id}.png`));
    const { body: run } = await prompt([id]);
    expect((await world.runIs(run.run_id, 'failed')).error).toContain('attach its images anew');
    expect((await read(id)).status).toBe(404);
  });
});

describe('images', () => {
  const age = (id: string) =>
    world.backend.app
      .get(DataSource)
      .query(`UPDATE session_images SET created_at = now() - interval '25 hours' WHERE id = $1`, [id]);

  it('are removed after a day if no prompt has used them', async () => {
    const [young, unused, used] = [await uploaded(), await uploaded(), await uploaded()];
    await world.runIs((await prompt([used])).body.run_id, 'succeeded');
    for (const id of [unused, used]) await age(id);
    await (
      await world.backend.app.get(RetentionReconciler).scanNow()
    ).settled;
    const left = await Promise.all([young, unused, used].map(async (id) => (await read(id)).status));
    expect(left).toEqual([200, 404, 200]);
    expect(await files()).not.toContain(`${unused}.png`);
  });

  it('survive a failed setup that is tried again, and go with their session', async () => {
    const failing = await world.begin({ repo_url: `http://${world.git.host}/nothing-here.git` });
    const id = await uploaded(PNG, at(failing.session_id));
    await world.sessionIs(failing.session_id, 'failed');
    await world.call('PATCH', `/api/sessions/${failing.session_id}`, { status: 'provisioning' });
    await world.sessionIs(failing.session_id, 'failed');
    expect(await files(failing.session_id)).toEqual([`${id}.png`]);
    await world.call('DELETE', `/api/sessions/${failing.session_id}`);
    expect(existsSync(join(world.root, '.images', failing.session_id))).toBe(false);
  });
});
