import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import type { Jail } from '../jail/jail.js';
import type { ModelProxy } from '../model-proxy/model-proxy.service.js';
import { CodexSdkEngine } from './codex-sdk.engine.js';
import { type EngineEvent, type PromptTurn, TooMuchOutputError } from './engine.js';

const MEGABYTE = 1024 * 1024;
const LOUD = 300 * MEGABYTE;
const DONE = '{"type":"turn.completed","usage":{}}';
const ITEM = '{"type":"item.completed","item":{"id":"1","type":"x","text":"';

describe('Codex, as the engine drives it', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saas-codex-test-'));
    await mkdir(join(folder, 'codex-home'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What the engine tells of a program in Codex's place. */
  async function eventsOf(script: string, network = NETWORK_OFF): Promise<AsyncIterable<EngineEvent>> {
    const program = join(folder, 'codex');
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o700);
    const launch = { program, environment: { PATH: '/usr/bin:/bin' }, configOverrides: [] };
    const jail = { launch: async () => ({ ...launch, sandboxMode: 'danger-full-access' }) };
    const paths = { repo: folder, codexHome: join(folder, 'codex-home') };
    const turn = {
      thread: { paths, codexThreadId: null, skipGitRepoCheck: true },
      access: { baseUrl: 'http://127.0.0.1', token: null },
      prompt: 'x'.repeat(MEGABYTE),
      model: null,
      network,
      signal: new AbortController().signal,
    };
    const engine = new CodexSdkEngine(jail as unknown as Jail, { source: 'openai' } as unknown as ModelProxy);
    return engine.run(turn as unknown as PromptTurn);
  }

  /** How many megabytes more than before this process holds at most, while it takes the events. */
  async function growth(events: AsyncIterable<EngineEvent>, onEvent?: () => Promise<void>) {
    const before = process.memoryUsage.rss();
    let [peak, count] = [before, 0];
    const look = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5);
    try {
      for await (const _ of events) {
        count += 1;
        await onEvent?.();
      }
    } finally {
      clearInterval(look);
    }
    return { megabytes: (peak - before) / MEGABYTE, count };
  }

  it.each([
    [NETWORK_OFF, true],
    [{ mode: 'on' } as const, false],
  ])(
    'is told to leave the model server’s search alone unless the network is on: %j',
    async (network, told) => {
      const events = await eventsOf(`printf '%s\\n' "$@" > "$0.arguments"; echo '${DONE}'`, network);
      for await (const event of events) expect(event.type).toBe('turn.completed');
      const given = await readFile(join(folder, 'codex.arguments'), 'utf8');
      expect(given.includes('web_search="disabled"')).toBe(told);
    },
  );

  it('that prints without end beside its events is heard no longer, and goes on', async () => {
    const events = await eventsOf(`head -c ${LOUD} /dev/zero >&2; echo '${DONE}'`);
    const { megabytes, count } = await growth(events);
    expect(count).toBe(1);
    expect(megabytes).toBeLessThan(150);
  }, 30_000);

  it('that prints without end in one line is ended', async () => {
    const events = await eventsOf(`echo '${DONE}'; head -c ${LOUD} /dev/zero | tr '\\0' x; sleep 60`);
    await expect(growth(events)).rejects.toThrow(TooMuchOutputError);
  }, 30_000);

  it('that prints without end in many lines waits until they are taken', async () => {
    const line = `printf '%s' '${ITEM}'; head -c ${MEGABYTE} /dev/zero | tr '\\0' x; echo '"}}'`;
    const events = await eventsOf(`for i in $(seq 300); do ${line}; done; echo '${DONE}'`);
    const takeTime = async () => {
      for (let turn = 0; turn < 50; turn += 1) await turnOfTheLoop();
    };
    const { megabytes, count } = await growth(events, takeTime);
    expect(count).toBe(301);
    expect(megabytes).toBeLessThan(200);
  }, 60_000);
});
