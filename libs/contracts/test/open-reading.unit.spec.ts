import { z } from 'zod';
import { readActivity, type RunStatusActivity } from '../src/activity.js';
import { readRunEvent } from '../src/events.js';
import { KnownItem } from '../src/items.js';
import { knownNetwork, NetworkAnswer } from '../src/network.js';
import { openEnum } from '../src/open-reading.js';
import { Problem } from '../src/problems.js';
import { Run } from '../src/runs.js';
import { SystemInfo } from '../src/system.js';

/* An older reader reads what a newer writer wrote. */

const ID = '01a20ab5-ae54-7856-92ea-c8912e0f8d29';
const AT = '2026-11-23T23:20:09.871Z';
const ENVELOPE = { v: 1, run_id: ID, session_id: ID, tenant_id: 'local', seq: 3, at: AT };
const ACTIVITY = { v: 1, tenant_id: 'local', session_id: ID, at: AT };

describe('an open enum', () => {
  const Color = z.object({ color: openEnum(['red', 'green']) });

  it('reads unknown values, but only strings', () => {
    expect(Color.parse({ color: 'red' })).toEqual({ color: 'red' });
    expect(Color.parse({ color: 'blue' })).toEqual({ color: 'blue' });
    expect(Color.safeParse({ color: 5 }).success).toBe(false);
  });

  it('accepts only its own values on writing', () => {
    const known: z.infer<typeof Color> = { color: 'green' };
    // @ts-expect-error blue is not one of the values
    const other: z.infer<typeof Color> = { color: 'blue' };
    expect([known.color, other.color]).toEqual(['green', 'blue']);
  });

  it('has the same JSON schema as a closed one', () => {
    const json = (schema: z.ZodType) => JSON.parse(JSON.stringify(z.toJSONSchema(z.object({ schema }))));
    expect(json(openEnum(['red', 'green']))).toEqual(json(z.enum(['red', 'green'])));
    expect(json(openEnum(['red']))).toEqual(json(z.literal('red')));
    expect(json(openEnum(['red', 'green']).nullable().describe('A color'))).toEqual(
      json(z.enum(['red', 'green']).nullable().describe('A color')),
    );
  });
});

describe('an event', () => {
  it('is read with new fields, new values and items of new types', () => {
    const item = { id: 'item_0', type: 'image_generation', prompt: 'A cat' };
    const event = { ...ENVELOPE, type: 'item.completed', data: { item, took_ms: 5 }, region: 'eu' };
    expect(readRunEvent(JSON.stringify(event))).toEqual({
      ...ENVELOPE,
      type: 'item.completed',
      data: { item },
    });
    const refused = { host: 'a.example', port: 443, reason: 'budget_spent' };
    expect(readRunEvent(JSON.stringify({ ...ENVELOPE, type: 'network.refused', data: refused }))).toEqual({
      ...ENVELOPE,
      type: 'network.refused',
      data: refused,
    });
  });

  it.each([
    ['of a new type', { type: 'voice.requested', data: { question: 'May I?' } }],
    ['of a known type with other data', { type: 'turn.failed', data: { problem: 5 } }],
    ['with a new version of the envelope', { v: 2, type: 'turn.started', data: {} }],
  ])('%s is read as unknown, with its own type and data', (_, { type, data, ...changed }) => {
    expect(readRunEvent(JSON.stringify({ ...ENVELOPE, ...changed, type, data }))).toEqual({
      ...ENVELOPE,
      ...changed,
      type: 'unknown',
      raw: { type, data },
    });
  });

  it('is null when it is not an event at all', () => {
    for (const text of ['no json', '5', '{}', JSON.stringify({ ...ENVELOPE, seq: 'x', type: 'a', data: {} })])
      expect(readRunEvent(text)).toBeNull();
  });
});

describe('an activity', () => {
  it('is read with new fields and a new status', () => {
    const status = {
      ...ACTIVITY,
      type: 'run.status',
      run_id: ID,
      status: 'paused',
      error: null,
      usage: null,
    };
    expect(readActivity(JSON.stringify({ ...status, queue: 'fast' }))).toEqual(status);
  });

  it('of a new type is read as unknown', () => {
    const raw = { v: 1, tenant_id: 'local', type: 'budget.spent', percent: 80 };
    expect(readActivity(JSON.stringify(raw))).toEqual({ type: 'unknown', tenant_id: 'local', raw });
    expect(readActivity('{"type":"budget.spent"}')).toBeNull();
  });
});

describe('a network in an answer', () => {
  it('is read with a mode and fields that are not known', () => {
    const budget = { mode: 'budget', megabytes: 5 };
    expect(NetworkAnswer.parse(budget)).toEqual(budget);
    expect(knownNetwork(NetworkAnswer.parse(budget))).toBeNull();
    const hosts = [{ host: 'a.example', methods: 'any', until: 'noon' }];
    expect(knownNetwork(NetworkAnswer.parse({ mode: 'allow_list', hosts, region: 'eu' }))).toEqual({
      mode: 'allow_list',
      hosts: [{ host: 'a.example', methods: 'any' }],
    });
  });
});

it('reads answers with values that it does not know', () => {
  const run = {
    run_id: ID,
    session_id: ID,
    kind: 'review',
    prompt: 'Look',
    status: 'paused' as RunStatusActivity['status'],
    error: null,
    usage: null,
    diff: null,
    created_at: AT,
    started_at: null,
    ended_at: null,
  };
  expect(Run.parse({ ...run, priority: 5 })).toEqual(run);
  const problem = { type: 'about:blank', title: 'Spent', status: 402, code: 'budget_spent', detail: 'Wait.' };
  expect(Problem.parse(problem)).toEqual(problem);
  const system = {
    engine: 'app-server',
    codex_version: '9',
    model_source: 'azure',
    default_model: null,
    isolation: 'microvm',
    isolation_reason: 'It works here.',
    limits: 'hypervisor',
    limits_reason: 'It holds.',
    max_concurrent_runs: 5,
  };
  expect(SystemInfo.parse(system)).toEqual(system);
  const call = {
    id: 'item_1',
    type: 'mcp_tool_call',
    server: 's',
    tool: 't',
    arguments: {},
    status: 'declined',
  };
  expect(KnownItem.parse(call)).toEqual(call);
});
