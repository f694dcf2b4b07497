import { readActivity } from '@saas-codex/contracts/activity';
import { Diff } from '@saas-codex/contracts/diffs';
import { RunPage } from '@saas-codex/contracts/runs';
import { Session, SessionPage } from '@saas-codex/contracts/sessions';
import { SystemInfo } from '@saas-codex/contracts/system';
import { jest } from '@jest/globals';
import { renderToStaticMarkup } from 'react-dom/server';
import type { z } from 'zod';
import { fromNetwork, networkErrors } from '../src/entities/environment/network-draft.js';
import { networkLimit, networkText, refusedBecause } from '../src/entities/environment/network-modes.js';
import { withStatus } from '../src/entities/run/run-cache.js';
import { orderRuns } from '../src/entities/run/run-order.js';
import { FileStatus } from '../src/entities/session/changed-file.js';
import { sessionState, setupState } from '../src/entities/session/session-state.js';
import { PlainRow } from '../src/entities/timeline/items/plain-row.js';
import { runPhase, splitAnswer } from '../src/entities/timeline/present.js';
import { runLog } from '../src/entities/timeline/run-log.js';
import { EMPTY_TIMELINE } from '../src/entities/timeline/run-timeline.js';
import { fieldError } from '../src/features/home/failed-field.js';
import { request } from '../src/shared/api/request.js';
import { FakePage, FakeServer, REAL_STREAMS, settle } from './support/fake-server.js';
// The page loads it when it needs it.
import '../src/shared/sse/live-hub.js';

/** A page that stays open over an update reads what a newer server writes. */

const ID = '01a20ab5-ad03-774a-840c-f8dd44ecbc3d';
const RUN = '01a20ab5-ad03-774a-840c-f8dd44ecbc31';
const OTHER_RUN = '01a20ab5-ad03-774a-840c-f8dd44ecbc32';
const AT = '2026-01-01T10:00:00.000Z';
let server: FakeServer;

beforeEach(() => {
  server = new FakeServer();
  new FakePage(server).show(true);
});

describe('the log of a run', () => {
  const envelope = (seq: number, type: string, data: unknown) => ({
    v: 1,
    run_id: ID,
    session_id: ID,
    tenant_id: 'local',
    seq,
    at: AT,
    type,
    data,
    region: 'new field of the envelope',
  });

  async function read(runId: string, ...events: [id: string, type: string, data: unknown][]) {
    const log = runLog(runId);
    const release = log.keepLive();
    await server.last.respond(
      Response.json({ events: [], growing: [], before: null, last_event_id: '0-0', ended: false }),
    );
    jest.advanceTimersByTime(50);
    await server.last.open();
    for (const [id, type, data] of events) {
      const event = { ...envelope(Number.parseInt(id), type, data), run_id: runId };
      await server.last.send('run', '', { id, event });
    }
    await server.last.send('run.end', '', { run_id: runId });
    release();
    // The hub lets go of the run.
    jest.advanceTimersByTime(50);
    await settle();
    return log.read();
  }

  beforeEach(() => jest.useFakeTimers(REAL_STREAMS));
  afterEach(() => jest.useRealTimers());

  it('shows unknown events and items as plain rows, and everything else as usual', async () => {
    const timeline = await read(
      RUN,
      ['1', 'run.started', { kind: 'review', prompt: 'Fix it', model: null, runner: 'r1', priority: 3 }],
      ['1-1', 'item.delta', { item_type: 'plan_text', stream_id: 's', text: 'of an unknown type' }],
      ['1-2', 'preview.moved', { x: 1 }],
      ['2', 'voice.requested', { question: 'May I?' }],
      ['3', 'item.completed', { item: { id: 'a', type: 'image_generation', prompt: 'cat' } }],
      ['4', 'network.refused', { host: 'a.example', port: 443, reason: 'over_quota' }],
      ['5', 'turn.failed', { reason: 'told in another way' }],
      ['6', 'item.completed', { item: { id: 'b', type: 'agent_message', text: 'Done.', tone: 'glad' } }],
      ['7', 'usage.priced', { cents: 4 }],
      ['8', 'run.succeeded', { cost: { cents: 4 } }],
    );
    expect(timeline).toMatchObject({ prompt: 'Fix it', position: { seq: 8 }, end: { status: 'succeeded' } });
    expect(timeline.entries).toMatchObject([
      { kind: 'event', type: 'voice.requested', data: { question: 'May I?' } },
      { kind: 'item', item: { known: false, value: { type: 'image_generation', prompt: 'cat' } } },
      { kind: 'refusals', refusals: [{ host: 'a.example', reason: 'over_quota' }] },
      { kind: 'event', type: 'turn.failed', data: { reason: 'told in another way' } },
      { kind: 'item', item: { known: true, value: { text: 'Done.' } } },
      { kind: 'event', type: 'usage.priced' },
    ]);
    expect(splitAnswer(timeline.entries).answer).toMatchObject({ item: { value: { text: 'Done.' } } });
    expect(refusedBecause('over_quota' as never, 'network')).toBe('not allowed');
  });

  it('is complete after an end of an unknown type: it is not read again', async () => {
    const timeline = await read(OTHER_RUN, ['1', 'run.expired', { reason: 'Too old.' }]);
    expect(timeline).toMatchObject({ end: null, entries: [{ kind: 'event', type: 'run.expired' }] });
    runLog(OTHER_RUN).keepLive()();
    await settle();
    expect(server.connections).toHaveLength(2);
  });

  it('names the type in words and opens to the data', () => {
    const row = (data: unknown) =>
      renderToStaticMarkup(<PlainRow id="1" type="voice.requested" data={data} />);
    expect(row({ question: 'May I?' })).toMatch(/<button[^>]*aria-expanded="false".*Voice requested/);
    expect(row({})).toContain('Voice requested');
    expect(row({})).not.toContain('<button');
  });
});

const session = {
  session_id: ID,
  title: 'Garden',
  repo_url: null,
  ref: null,
  base_commit: null,
  repo_path: '/w/repo',
  thread_id: null,
  model: null,
  network: { mode: 'on' },
  setup: null,
  setup_status: null,
  status: 'ready',
  failure: null,
  active_run_id: null,
  queued_runs: 0,
  diff: null,
  created_at: AT,
  updated_at: AT,
};
const run = {
  run_id: ID,
  session_id: ID,
  kind: 'prompt',
  prompt: 'p',
  status: 'queued',
  error: null,
  usage: null,
  diff: null,
  created_at: AT,
  started_at: null,
  ended_at: null,
};

describe('answers', () => {
  const answered = async (body: unknown, status = 200) => {
    await settle();
    await server.last.respond(Response.json(body, { status }));
  };
  const ask = async <S extends z.ZodType>(schema: S, body: unknown) => {
    const answer = request('/api/x', { schema });
    await answered(body);
    return answer;
  };

  it('has a neutral state for an unknown status of a session', async () => {
    const body = { ...session, status: 'suspended', pinned: true };
    const { items } = await ask(SessionPage, { items: [body, session], next_cursor: null, total: 2 });
    expect(items.map(sessionState)).toEqual(['unknown', 'idle']);
  });

  it('does not take an unknown status of the setup for a failure', async () => {
    const setup = { script: 'npm ci', image: 'node' };
    expect(setupState(await ask(Session, { ...session, setup, setup_status: 'paused' }))).toBe('pending');
  });

  it('names an unknown network, and asks for a choice before it saves another one', async () => {
    const rule = { host: 'a.example', methods: 'upload' };
    for (const [network, text] of [
      [{ mode: 'by_proxy', proxy: 'p.example' }, 'by proxy'],
      [{ mode: 'allow_list', hosts: [rule] }, 'allow list'],
      [{ mode: 'allow_list' }, 'allow list'],
    ] as const) {
      const answer = await ask(Session, { ...session, network });
      expect(networkText(answer.network)).toBe(text);
      expect(networkErrors(fromNetwork(answer.network))).toHaveProperty('/mode');
    }
  });

  it('reads a failure with an unknown code', async () => {
    const failure = { code: 'repo_on_the_moon', detail: 'Too far.' };
    expect((await ask(Session, { ...session, status: 'failed', failure })).failure).toEqual(failure);
  });

  it('keeps a run of unknown kind and status in progress until it has an end', async () => {
    const waiting = { ...run, kind: 'review', status: 'paused', started_at: AT };
    const page = await ask(RunPage, { items: [run, waiting], next_cursor: null });
    const { conversation, queue, running } = orderRuns({ pages: [page], pageParams: [null] });
    expect([conversation, queue, [running]].map((runs) => runs.map((each) => each?.status))).toEqual([
      ['paused'],
      ['queued'],
      ['paused'],
    ]);
    expect(running && runPhase(running, EMPTY_TIMELINE)).toBe('unknown');
    const ended = await ask(RunPage, { items: [run, { ...waiting, ended_at: AT }], next_cursor: null });
    expect(orderRuns({ pages: [ended], pageParams: [null] }).running).toBeNull();
  });

  it('shows a problem with an unknown code in its own words', async () => {
    const problem = {
      type: 'about:blank',
      title: 'Out of budget',
      status: 402,
      code: 'budget_used',
      detail: 'd',
    };
    const answer = request('/api/x').catch(fieldError);
    await answered(problem, 402);
    expect(await answer).toMatchObject({
      field: null,
      error: { code: 'budget_used', title: 'Out of budget', detail: 'd', status: 402 },
    });
  });

  it('reads a system with another engine and isolation', async () => {
    const system = await ask(SystemInfo, {
      engine: 'app-server',
      codex_version: '1',
      model_source: 'azure',
      default_model: null,
      isolation: 'microvm',
      isolation_reason: '',
      limits: 'hypervisor',
      limits_reason: '',
      max_concurrent_runs: 2,
    });
    expect(networkLimit(system.isolation)).toBeNull();
  });

  it('names an unknown status of a file', async () => {
    const file = { path: 'a', old_path: null, additions: 1, deletions: 0, binary: false, generated: false };
    const diff = await ask(Diff, {
      from: 'f',
      to: 't',
      stat: { files: 1, additions: 1, deletions: 0 },
      files: [{ ...file, status: 'copied' }],
      truncated: false,
      omitted: [],
    });
    expect(diff.files.map((each) => renderToStaticMarkup(<FileStatus {...each} />))).toEqual([
      expect.stringContaining('Copied'),
    ]);
  });

  it('still refuses an answer that breaks its contract', async () => {
    const answer = request('/api/x', { schema: Session }).catch((error: unknown) => error);
    const logged = jest.spyOn(console, 'error').mockReturnValue();
    await answered({ ...session, status: 5 });
    expect(await answer).toMatchObject({ code: 'unexpected_response' });
    logged.mockRestore();
  });
});

describe('activity', () => {
  it('applies an unknown status of a run, which does not end it', () => {
    const activity = { v: 1, tenant_id: 't', session_id: ID, at: AT, run_id: ID, error: null, usage: null };
    const report = readActivity(JSON.stringify({ ...activity, type: 'run.status', status: 'paused' }));
    if (report?.type !== 'run.status') throw new Error('not a report');
    const running = { ...run, status: 'running', started_at: AT } as Parameters<typeof withStatus>[0];
    const waiting = withStatus(running, report);
    expect(waiting).toMatchObject({ status: 'paused', ended_at: null });
    expect(withStatus(waiting, { ...report, status: 'succeeded' })).toMatchObject({
      status: 'succeeded',
      ended_at: AT,
    });
    const ended = { ...running, status: 'failed' } as const;
    expect(withStatus(ended, report)).toBe(ended);
  });
});
