import { jest } from '@jest/globals';
import { runLog } from '../../../src/entities/timeline/run-log.js';
import type { Entry } from '../../../src/entities/timeline/run-timeline.js';
import { retryDelay } from '../../../src/shared/lib/retry-delay.js';
import { FakePage, FakeServer, REAL_STREAMS, settle } from '../../support/fake-server.js';
// The page loads it when it needs it.
import '../../../src/shared/sse/live-hub.js';

let server: FakeServer;
let runs = 0;
let run: string;
let release: () => void;

const pass = async (milliseconds: number) => {
  jest.advanceTimersByTime(milliseconds);
  await settle();
};

beforeEach(() => {
  jest.useFakeTimers(REAL_STREAMS);
  server = new FakeServer();
  new FakePage(server).show(true);
  run = `01a20ab5-ad03-774a-840c-${String((runs += 1)).padStart(12, '0')}`;
  release = runLog(run).keepLive();
});
afterEach(async () => {
  release();
  await pass(5_000);
  await pass(50);
  jest.useRealTimers();
});

const event = (seq: number, type: string, data: unknown) => ({
  v: 1,
  run_id: run,
  session_id: run,
  tenant_id: 'local',
  seq,
  at: '2026-01-01T10:00:00.000Z',
  type,
  data,
});
const message = (seq: number, text: string) =>
  event(seq, 'item.completed', { item: { id: `m${seq}`, type: 'agent_message', text } });
const page = (events: unknown[], rest: object) =>
  server.last.respond(Response.json({ events, growing: [], before: null, ended: false, ...rest }));
const texts = () =>
  runLog(run)
    .read()
    .entries.map((entry: Entry) =>
      entry.kind === 'draft'
        ? entry.text
        : entry.kind === 'item' && (entry.item.value as { text: string }).text,
    );
const history = `/history`;

it('shows the end of a long log at once, then reads the pages before it while the page is idle', async () => {
  expect(server.last.url).toContain(`/api/runs/${run}${history}?limit=`);
  const end = event(9, 'run.succeeded', {});
  await page([message(7, 'seven'), message(8, 'eight'), end], {
    before: 7,
    last_event_id: '9-0',
    ended: true,
  });
  expect(texts()).toEqual(['seven', 'eight']);
  expect(runLog(run).read().end).toMatchObject({ status: 'succeeded' });
  await pass(1_000);
  expect(server.last.url).toBe(`/api/runs/${run}${history}?before=7`);
  await page([message(4, 'four')], { before: 4, last_event_id: '9-0', ended: true });
  await pass(1_000);
  await page([message(2, 'two')], { last_event_id: '9-0', ended: true });
  expect(texts()).toEqual(['two', 'four', 'seven', 'eight']);
  await pass(1_000);
  expect(server.connections.filter(({ url }) => !url.includes(history))).toEqual([]);
});

it('continues a text that still grows, and reads earlier pages meanwhile', async () => {
  const delta = (text: string) =>
    event(5, 'item.delta', { item_type: 'agent_message', stream_id: 's', text });
  await page([message(5, 'five')], { growing: [delta('It gr')], before: 5, last_event_id: '5-3' });
  await pass(50);
  expect(server.last.url).toBe(`/api/events?runs=${run}@5-3`);
  const stream = server.last;
  await stream.open();
  await stream.send('run', '', { id: '5-3', event: delta('repeated') });
  await stream.send('run', '', { id: '5-4', event: delta('ows') });
  await pass(200);
  await page([message(1, 'one')], { last_event_id: '5-4' });
  expect(texts()).toEqual(['one', 'five', 'It grows']);
});

it('tries again when a page cannot be read', async () => {
  await server.last.lose();
  await pass(retryDelay(0, 1));
  await page([message(1, 'one')], { before: 1, last_event_id: '1-0', ended: true });
  await pass(1_000);
  await server.last.lose();
  await pass(retryDelay(1, 1));
  await pass(1_000);
  await page([], { last_event_id: '1-0', ended: true });
  expect(texts()).toEqual(['one']);
});

it('reads the log again when the server has lost the end of it', async () => {
  await page([message(3, 'three')], { last_event_id: '3-0' });
  await pass(50);
  await server.last.open();
  await server.last.send('run.error', '', { run_id: run, code: 'invalid_cursor' });
  await page([message(1, 'one')], { last_event_id: '1-0', ended: true });
  expect(texts()).toEqual(['one']);
});

it('stops reading a moment after nothing needs it, and continues from there', async () => {
  await page([message(3, 'three')], { before: 3, last_event_id: '3-0' });
  release();
  await pass(5_000);
  await page([], { last_event_id: '3-0' });
  const asked = server.connections.length;
  await pass(5_000);
  expect(server.connections).toHaveLength(asked);
  release = runLog(run).keepLive();
  await pass(1_000);
  expect(server.last.url).toBe(`/api/runs/${run}${history}?before=3`);
  await page([message(1, 'one')], { last_event_id: '3-0' });
  expect(texts()).toEqual(['one', 'three']);
});
