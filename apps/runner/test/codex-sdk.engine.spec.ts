import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { eventsOf } from '@saas-codex/testing/runner/codex-stand-in';
import type { Listened } from '@saas-codex/testing/runner/listen-to-codex';
import { RUN_SOURCE } from '@saas-codex/testing/runner/run-source';
import { TooMuchOutputError } from '../src/engine/engine.js';

const LISTENER = fileURLToPath(
  new URL('../../../libs/testing/src/runner/listen-to-codex.ts', import.meta.url),
);
const MEGABYTE = 1024 * 1024;
const LOUD = 300 * MEGABYTE;
const DONE = '{"type":"turn.completed","usage":{}}';
const ITEM = '{"type":"item.completed","item":{"id":"1","type":"x","text":"';

describe('Codex, as the engine drives it', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saas-codex-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function listenTo(script: string): Promise<Listened> {
    const args = ['--expose-gc', ...RUN_SOURCE, LISTENER, folder, script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as Listened;
  }

  it.each([
    [NETWORK_OFF, true],
    [{ mode: 'on' } as const, false],
  ])(
    'is told to leave the model server’s search alone unless the network is on: %j',
    async (network, told) => {
      const events = await eventsOf(folder, `printf '%s\\n' "$@" > "$0.arguments"; echo '${DONE}'`, network);
      for await (const event of events) expect(event.type).toBe('turn.completed');
      const given = await readFile(join(folder, 'codex.arguments'), 'utf8');
      expect(given.includes('web_search="disabled"')).toBe(told);
    },
  );

  it('that prints without end beside its events is heard no longer, and goes on', async () => {
    const { megabytes, events } = await listenTo(`head -c ${LOUD} /dev/zero >&2; echo '${DONE}'`);
    expect(events).toBe(1);
    expect(megabytes).toBeLessThan(100);
  }, 60_000);

  it('that prints without end in one line is ended', async () => {
    const line = `head -c ${LOUD} /dev/zero | tr '\\0' x`;
    const events = await eventsOf(folder, `echo '${DONE}'; ${line}; sleep 60`);
    const last = async () => {
      for await (const event of events) expect(event.type).toBe('turn.completed');
    };
    await expect(last()).rejects.toThrow(TooMuchOutputError);
  }, 30_000);

  it('that prints without end in many lines waits until they are taken', async () => {
    const line = `{ printf '%s' '${ITEM}'; head -c ${MEGABYTE} /dev/zero | tr '\\0' x; echo '"}}'; } >"$0.line"`;
    const script = `${line}; for i in $(seq 200); do cat "$0.line"; done; echo '${DONE}'`;
    const { megabytes, events } = await listenTo(script);
    expect(events).toBe(201);
    expect(megabytes).toBeLessThan(100);
  }, 60_000);
});
