import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { startFakeCodex } from '@saas-codex/testing/runner/fake-codex';
import type { Measurement } from '@saas-codex/testing/runner/measure-fake-codex';
import { RUN_SOURCE } from '@saas-codex/testing/runner/run-source';
import { waitFor } from '@saas-codex/testing/wait-for';
import { type EngineEvent, OutputLimitError, UnsupportedByEngineError } from '../src/engine/port/engine.js';

const MEASURE = fileURLToPath(
  new URL('../../../libs/testing/src/runner/measure-fake-codex.ts', import.meta.url),
);
const MEGABYTE = 1024 * 1024;
const LOUD = 300 * MEGABYTE;
const DONE = '{"type":"turn.completed","usage":{}}';
const ITEM = '{"type":"item.completed","item":{"id":"1","type":"x","text":"';

describe('the SDK engine', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saas-codex-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function measure(script: string): Promise<Measurement> {
    const args = ['--expose-gc', ...RUN_SOURCE, MEASURE, folder, script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as Measurement;
  }

  it.each([
    [NETWORK_OFF, true],
    [{ mode: 'on' } as const, false],
  ])('disables the model server’s web search unless the network is on: %j', async (network, disabled) => {
    const script = `printf '%s\\n' "$@" > "$0.arguments"; echo '${DONE}'`;
    const { events } = await startFakeCodex(folder, script, network);
    for await (const event of events) expect(event.type).toBe('turn.completed');
    const given = await readFile(join(folder, 'codex.arguments'), 'utf8');
    expect(given.includes('web_search="disabled"')).toBe(disabled);
  });

  it('translates the SDK’s events into our own, and skips types that it does not know', async () => {
    const usage = { input_tokens: 1, cached_input_tokens: 2, output_tokens: 3, reasoning_output_tokens: 4 };
    const change = (path: string) => ({ path, kind: 'add' });
    const changes = [change(join(folder, 'src/a.ts')), change('/elsewhere/b.ts')];
    const printed = [
      { type: 'thread.started', thread_id: 't1' },
      { type: 'turn.started' },
      { type: 'turn.dreamt', of: 'sheep' },
      { type: 'item.completed', item: { id: 'i1', type: 'file_change', changes, status: 'completed' } },
      { type: 'item.completed', item: { id: 'i2', type: 'new_type', more: [1] } },
      { type: 'error', message: 'Reconnecting' },
      { type: 'turn.failed', error: { message: 'No more' } },
      { type: 'turn.completed', usage: { ...usage, cache_write_input_tokens: 5 } },
    ];
    const lines = printed.map((event) => `echo '${JSON.stringify(event)}'`).join('\n');
    const events: EngineEvent[] = [];
    for await (const event of (await startFakeCodex(folder, lines)).events) events.push(event);
    const translated = [change('src/a.ts'), change('/elsewhere/b.ts')];
    expect(events).toEqual([
      { type: 'thread.started', data: { thread_id: 't1' } },
      { type: 'turn.started', data: {} },
      {
        type: 'item.completed',
        data: { item: { id: 'i1', type: 'file_change', changes: translated, status: 'completed' } },
      },
      { type: 'item.completed', data: { item: { id: 'i2', type: 'new_type', more: [1] } } },
      { type: 'error', data: { message: 'Reconnecting' } },
      { type: 'turn.failed', data: { error: { message: 'No more' } } },
      { type: 'turn.completed', data: { usage } },
    ]);
  });

  it('refuses what it cannot do and names the capability', async () => {
    const turn = await startFakeCodex(folder, `echo '${DONE}'`);
    const refusal = (capability: string) => expect.objectContaining({ engine: 'sdk', capability });
    await expect(turn.steer({ messageId: 'm1', prompt: 'Wait' })).rejects.toThrow(UnsupportedByEngineError);
    await expect(turn.steer({ messageId: 'm1', prompt: 'Wait' })).rejects.toEqual(refusal('steer'));
    await expect(turn.answer('r1', 'accept')).rejects.toEqual(refusal('approvals'));
    for await (const event of turn.events) expect(event.type).toBe('turn.completed');
  });

  it('ends Codex when the turn is interrupted', async () => {
    const turn = await startFakeCodex(folder, `touch "$0.started"; exec sleep 60`);
    const read = (async () => {
      for await (const _ of turn.events);
    })();
    const outcome = expect(read).rejects.toThrow();
    await waitFor(() => access(join(folder, 'codex.started')).then(() => true));
    await turn.interrupt();
    await outcome;
  });

  it('does not start Codex when the turn was interrupted before its start', async () => {
    const turn = await startFakeCodex(folder, `touch "$0.started"`);
    await turn.interrupt();
    await expect(turn.events[Symbol.asyncIterator]().next()).rejects.toThrow();
    await expect(access(join(folder, 'codex.started'))).rejects.toThrow('ENOENT');
  });

  it('discards endless stderr and continues', async () => {
    const { megabytes, events } = await measure(`head -c ${LOUD} /dev/zero >&2; echo '${DONE}'`);
    expect(events).toBe(1);
    expect(megabytes).toBeLessThan(100);
  });

  it('kills a Codex that prints an endless line', async () => {
    const line = `head -c ${LOUD} /dev/zero | tr '\\0' x`;
    const { events } = await startFakeCodex(folder, `echo '${DONE}'; ${line}; sleep 60`);
    const last = async () => {
      for await (const event of events) expect(event.type).toBe('turn.completed');
    };
    await expect(last()).rejects.toThrow(OutputLimitError);
  });

  it('pauses a Codex that prints lines faster than they are read', async () => {
    const line = `{ printf '%s' '${ITEM}'; head -c ${MEGABYTE} /dev/zero | tr '\\0' x; echo '"}}'; } >"$0.line"`;
    const script = `${line}; for i in $(seq 200); do cat "$0.line"; done; echo '${DONE}'`;
    const { megabytes, events } = await measure(script);
    expect(events).toBe(201);
    expect(megabytes).toBeLessThan(100);
  });
});
