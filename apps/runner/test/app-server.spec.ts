import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import {
  type FakeAppServer,
  makeFakeAppServer,
  startFakeTurn,
} from '@saas-codex/testing/runner/fake-app-server';
import { AppServerClient } from '../src/engine/app-server/app-server.client.js';
import {
  type EngineEvent,
  OutputLimitError,
  type RunningTurn,
  TurnNotActiveError,
} from '../src/engine/port/engine.js';

const USAGE = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, reasoning_output_tokens: 0 };
const BEGUN = [
  { type: 'thread.started', data: { thread_id: 'thread' } },
  { type: 'turn.started', data: {} },
];
const DONE = { type: 'turn.completed', data: { usage: USAGE } };
const begin = `await say('turn/started', { threadId: 'thread', turn: { id: 'turn', status: 'inProgress', error: null } });`;

describe('the app-server engine', () => {
  let folder: string;
  let fake: FakeAppServer;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saas-codex-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function start(play: string, before = ''): Promise<RunningTurn> {
    fake = await makeFakeAppServer(folder, `${before}\nplay = async () => {\n${begin}\n${play}\n};`);
    return startFakeTurn(folder, fake);
  }

  async function eventsOf(turn: RunningTurn): Promise<EngineEvent[]> {
    const events: EngineEvent[] = [];
    for await (const event of turn.events) events.push(event);
    return events;
  }

  /** Until the first event of a type; the rest follows. */
  async function readUntil(
    turn: RunningTurn,
    type: EngineEvent['type'],
  ): Promise<() => Promise<EngineEvent[]>> {
    const reader = turn.events[Symbol.asyncIterator]();
    for (let next = await reader.next(); !next.done && next.value.type !== type;) next = await reader.next();
    return async () => {
      const rest: EngineEvent[] = [];
      for (let next = await reader.next(); !next.done; next = await reader.next()) rest.push(next.value);
      return rest;
    };
  }

  it('translates items, and passes those on that it does not know', async () => {
    const turn = await start(`
      const repo = ${JSON.stringify(folder)};
      const kind = { type: 'update', move_path: repo + '/b.ts' };
      const changes = [{ path: repo + '/a.ts', kind, diff: '@@' }, { path: '/c', kind: { type: 'add' }, diff: 'c' }];
      await item('completed', { type: 'userMessage', id: 'u', clientId: null, content: [] });
      await item('started', { type: 'fileChange', id: 'f', changes, status: 'inProgress' });
      await item('completed', { type: 'fileChange', id: 'f', changes, status: 'completed' });
      await item('completed', { type: 'reasoning', id: 'r', summary: [], content: ['secret'] });
      await item('completed', { type: 'dreamOfSheep', id: 'd', count: 3 });
      await item('completed', { type: 'commandExecution', id: 'odd', command: 7 });
      await item('completed', null);
      await say('sheep/counted', { count: 4 });
      await write('no JSON\\n');
      await say('item/completed', { threadId: 'other', turnId: 't', item: { type: 'agentMessage', id: 'm', text: 'No' } });
      await end('completed');`);
    const change = (more: object) => [
      { path: 'a.ts', kind: 'update', move_path: 'b.ts', ...more },
      { path: '/c', kind: 'add', ...(Object.keys(more).length > 0 && { diff: 'c' }) },
    ];
    expect(await eventsOf(turn)).toEqual([
      ...BEGUN,
      {
        type: 'item.started',
        data: { item: { id: 'f', type: 'file_change', changes: change({}), status: 'in_progress' } },
      },
      {
        type: 'item.completed',
        data: {
          item: { id: 'f', type: 'file_change', changes: change({ diff: '@@' }), status: 'completed' },
        },
      },
      { type: 'item.completed', data: { item: { id: 'd', type: 'dream_of_sheep', count: 3 } } },
      { type: 'item.completed', data: { item: { id: 'odd', type: 'command_execution', command: 7 } } },
      DONE,
    ]);
  });

  it('gives texts that grow the ids of their items, which are unique in the run', async () => {
    const turn = await start(`
      for (const text of ['One', 'Two']) {
        await item('started', { type: 'agentMessage', id: 'msg', text: '' });
        await say('item/agentMessage/delta', { ...at, itemId: 'msg', delta: text });
        await item('completed', { type: 'agentMessage', id: 'msg', text });
      }
      await say('item/agentMessage/delta', { ...at, itemId: 'msg', delta: 'late' });
      await end('completed');`);
    const delta = (stream_id: string, text: string) => ({
      type: 'item.delta',
      data: { item_type: 'agent_message', stream_id, text },
    });
    const message = (id: string, text: string) => ({
      type: 'item.completed',
      data: { item: { id, type: 'agent_message', text } },
    });
    expect((await eventsOf(turn)).slice(2)).toEqual([
      delta('msg', 'One'),
      message('msg', 'One'),
      delta('msg~2', 'Two'),
      message('msg~2', 'Two'),
      DONE,
    ]);
  });

  it('counts the tokens of this turn alone', async () => {
    const turn = await start(`
      const counted = (turnId, n) => say('thread/tokenUsage/updated', { threadId: 'thread', turnId, tokenUsage: {
        total: { inputTokens: n, cachedInputTokens: 0, outputTokens: 2 * n, reasoningOutputTokens: 0 },
        last: { totalTokens: n }, modelContextWindow: 1000 } });
      await counted('earlier', 100);
      await counted('turn', 130);
      await counted('turn', 150);
      await end('completed');`);
    const usage = { ...USAGE, input_tokens: 50, output_tokens: 100 };
    const context = (used_tokens: number) => ({
      type: 'context.updated',
      data: { used_tokens, window_tokens: 1000 },
    });
    expect((await eventsOf(turn)).slice(2)).toEqual([
      context(130),
      context(150),
      { type: 'turn.completed', data: { usage } },
    ]);
  });

  it('says nothing about a context whose size it does not know', async () => {
    const turn = await start(`
      const none = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 };
      await say('thread/tokenUsage/updated', { threadId: 'thread', turnId: 'turn', tokenUsage: {
        total: none, last: { totalTokens: 2 }, modelContextWindow: null } });
      await end('completed');`);
    expect((await eventsOf(turn)).map(({ type }) => type)).not.toContain('context.updated');
  });

  it('asks again while Codex is overloaded', async () => {
    const busy = `let refusals = 3; on('thread/start', () => {
      if (refusals-- > 0) throw refusal(-32001, 'overloaded');
      return { thread: { id: 'thread' } };
    });`;
    const turn = await start(`await end('completed');`, busy);
    expect(await eventsOf(turn)).toEqual([...BEGUN, DONE]);
    expect((await fake.received()).filter(({ method }) => method === 'thread/start')).toHaveLength(4);
  });

  it('says why Codex refused to begin', async () => {
    const turn = await start(
      '',
      `on('thread/start', () => { throw refusal(-32600, 'config.toml is broken'); });`,
    );
    const events: EngineEvent[] = [];
    const read = (async () => {
      for await (const event of turn.events) events.push(event);
    })();
    await expect(read).rejects.toThrow('config.toml is broken');
    expect(events).toEqual([{ type: 'error', data: { message: 'config.toml is broken' } }]);
  });

  it('fails with what Codex printed when it exits by itself', async () => {
    const turn = await start(`process.stderr.write('out of luck', () => process.exit(7));`);
    await expect(eventsOf(turn)).rejects.toThrow(/exited with code 7: out of luck/);
  });

  it('kills a Codex that prints an endless line', async () => {
    const turn = await start(`for (;;) await write('x'.repeat(1024 * 1024));`);
    await expect(eventsOf(turn)).rejects.toThrow(OutputLimitError);
  });

  it('sends no method but those that it needs', async () => {
    const { launch, received } = await makeFakeAppServer(folder, '');
    const client = await AppServerClient.start(launch);
    for (const method of ['fs/readFile', 'thread/shellCommand', 'toString'])
      await expect(client.request(method as 'turn/start', {} as never)).rejects.toThrow('not allowed');
    await client.close();
    expect((await received()).map(({ method }) => method)).toEqual(['initialize', 'initialized']);
  });

  it('ends the turn when it is interrupted, and Codex with it', async () => {
    const turn = await start('');
    const rest = await readUntil(turn, 'turn.started');
    const outcome = expect(rest()).rejects.toThrow('abort');
    await turn.interrupt();
    await outcome;
    expect((await fake.received()).at(-1)?.method).toBe('turn/interrupt');
  });

  it('ends a Codex that does not answer an interrupt', async () => {
    const turn = await start('', `on('turn/interrupt', () => new Promise(() => {}));`);
    const rest = await readUntil(turn, 'turn.started');
    const outcome = expect(rest()).rejects.toThrow(/exited with signal SIGKILL/);
    await turn.interrupt();
    await outcome;
  });

  it('delivers a steer once, and says when the turn no longer takes any', async () => {
    const steer = `on('turn/steer', async ({ clientUserMessageId: clientId, input }) => {
      if (input[0].text === 'Late') throw refusal(-32600, 'no active turn to steer');
      await item('completed', { type: 'userMessage', id: clientId, clientId, content: input });
      return { turnId: 'turn' };
    });
    on('turn/interrupt', () => (end('completed'), {}));`;
    const turn = await start('', steer);
    await expect(turn.steer({ messageId: 's0', prompt: 'Early' })).rejects.toThrow(TurnNotActiveError);
    const rest = await readUntil(turn, 'turn.started');
    await turn.steer({ messageId: 's1', prompt: 'Wait' });
    await turn.steer({ messageId: 's1', prompt: 'Wait' });
    await expect(turn.steer({ messageId: 's2', prompt: 'Late' })).rejects.toThrow(TurnNotActiveError);
    const steers = (await fake.received()).filter(({ method }) => method === 'turn/steer');
    expect(steers).toMatchObject([
      { params: { expectedTurnId: 'turn', clientUserMessageId: 's1', input: [{ text: 'Wait' }] } },
      { params: { clientUserMessageId: 's2' } },
    ]);
    void turn.interrupt();
    await expect(rest()).rejects.toThrow('abort');
  });

  it('passes approvals on, answers each once, and refuses questions that it does not know', async () => {
    const turn = await start(`
      await item('started', { type: 'commandExecution', id: 'c', command: 'rm x', status: 'inProgress', aggregatedOutput: null, exitCode: null });
      await ask(90, 'item/tool/call', {});
      await ask(91, 'item/commandExecution/requestApproval', { itemId: 'c', command: 'rm x', availableDecisions: ['accept', { odd: 1 }, 'cancel'] });
      await ask('p', 'item/fileChange/requestApproval', { itemId: 'f', reason: 'Must write' });`);
    const reader = turn.events[Symbol.asyncIterator]();
    const asked: EngineEvent[] = [];
    while (asked.length < 2) {
      const { value } = (await reader.next()) as { value: EngineEvent };
      if (value.type === 'approval.requested') asked.push(value);
    }
    const request = { itemId: 'c', kind: 'command', command: 'rm x', reason: null };
    const decisions = ['accept', 'accept_for_session', 'decline', 'cancel'];
    expect(asked.map(({ data }) => data)).toEqual([
      { requestId: '91', ...request, decisions: ['accept', 'cancel'] },
      { requestId: 'p', itemId: 'f', kind: 'file_change', command: null, reason: 'Must write', decisions },
    ]);
    await turn.answer('91', 'accept_for_session');
    await turn.answer('p', 'decline');
    await expect(turn.answer('91', 'decline')).rejects.toThrow(TurnNotActiveError);
    await turn.interrupt();
    await expect(reader.next()).rejects.toThrow();
    const answers = (await fake.received()).filter(
      ({ method, id }) => method === undefined && id !== undefined,
    );
    expect(answers).toEqual([
      { id: 90, error: { code: -32601, message: expect.any(String) } },
      { id: 91, result: { decision: 'acceptForSession' } },
      { id: 'p', result: { decision: 'decline' } },
    ]);
  });
});
