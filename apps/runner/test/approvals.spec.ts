import { randomUUID } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import type { ApprovalRequested } from '@saas-codex/contracts/approval-questions';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, processesWith, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { waitFor } from '@saas-codex/testing/wait-for';

const command = (cmd: string) => ({ do: 'command' as const, cmd });
const message = (text: string) => ({ do: 'message' as const, text });
const PATCH = '*** Begin Patch\n*** Add File: NOTE.md\n+A note.\n*** End Patch';
const SECOND_PATCH = '*** Begin Patch\n*** Update File: NOTE.md\n@@\n-A note.\n+Two notes.\n*** End Patch';
const SCENARIOS = [
  { name: 'mark', match: 'Mark', steps: [command('echo made >> mark'), message('{{output}}')] },
  {
    name: 'twice',
    match: 'Twice',
    steps: [
      { do: 'patch' as const, patch: PATCH },
      { do: 'patch' as const, patch: SECOND_PATCH },
      message('Done.'),
    ],
  },
  { name: 'patch', match: 'Patch', steps: [{ do: 'patch' as const, patch: PATCH }, message('Done.')] },
  { name: 'gate', match: 'Gate', steps: [{ do: 'gate' as const, name: 'open' }, message('Done.')] },
  { name: 'any', steps: [message('Done.')] },
];

describe('questions of a run', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;

  beforeAll(async () => {
    world = await RunnerWorld.create(SCENARIOS);
    runner = await world.startRunner({ MAX_CONCURRENT_RUNS: '1' });
  });
  afterAll(() => world.destroy());

  async function ask(prompt: string, on = runner): Promise<{ runId: string; sessionId: string }> {
    const sessionId = await world.createThread(on);
    const { status, body } = await on.call('POST', '/runs', {
      threadId: sessionId,
      prompt,
      runId: randomUUID(),
      approvalMode: 'ask',
    });
    expect(status).toBe(202);
    return { runId: String(body['runId']), sessionId };
  }

  /** The question number `count` of the run. */
  async function question(runId: string, count = 1): Promise<ApprovalRequested> {
    const asked = async () => dataOf(await world.log(runId), 'approval.requested');
    await waitFor(async () => (await asked()).length >= count, { what: 'a question' });
    return (await asked())[count - 1] as ApprovalRequested;
  }

  const answer = (runId: string, requestId: string, decision: string) =>
    runner.call('POST', `/runs/${runId}/answer`, { requestId, decision });
  const exists = (sessionId: string, file: string) =>
    access(world.folder(sessionId, 'repo', file)).then(
      () => true,
      () => false,
    );

  it('asks before a command, which runs once when it is accepted, however often the answer is delivered', async () => {
    const { runId, sessionId } = await ask('Mark');
    const asked = await question(runId);
    expect(asked).toMatchObject({ kind: 'command', command: expect.stringContaining('echo made >> mark') });
    expect(asked.decisions).toEqual(expect.arrayContaining(['accept', 'cancel']));
    expect(await exists(sessionId, 'mark')).toBe(false);
    for (const decision of ['accept', 'accept', 'decline'])
      expect(await answer(runId, asked.request_id, decision)).toEqual({ status: 202, body: { runId } });
    const log = await world.ended(runId);
    expect(log.at(-1)?.type).toBe('run.succeeded');
    const { approval_id, request_id } = asked;
    expect(dataOf(log, 'approval.resolved')).toEqual([
      { approval_id, request_id, outcome: 'answered', decision: 'accept' },
    ]);
    expect(await readFile(world.folder(sessionId, 'repo', 'mark'), 'utf8')).toBe('made\n');
  });

  it('goes on without what is declined, and does not ask again for what is accepted for the run', async () => {
    const declined = await ask('Mark');
    await answer(declined.runId, (await question(declined.runId)).request_id, 'decline');
    const log = await world.ended(declined.runId);
    expect(log.at(-1)?.type).toBe('run.succeeded');
    expect(dataOf(log, 'item.completed').map(({ item }) => item)).toContainEqual(
      expect.objectContaining({ type: 'command_execution', status: 'declined' }),
    );
    expect(await exists(declined.sessionId, 'mark')).toBe(false);

    const patched = await ask('Patch');
    const asked = await question(patched.runId);
    expect(asked).toMatchObject({ kind: 'file_change', command: null });
    // Who decides sees the contents.
    expect(dataOf(await world.log(patched.runId), 'item.updated').map(({ item }) => item)).toMatchObject([
      { id: asked.item_id, type: 'file_change', changes: [{ path: 'NOTE.md', diff: 'A note.\n' }] },
    ]);
    await answer(patched.runId, asked.request_id, 'accept');
    await world.ended(patched.runId);
    expect(await exists(patched.sessionId, 'NOTE.md')).toBe(true);

    const twice = await ask('Twice');
    const first = await question(twice.runId);
    expect(first.decisions).toContain('accept_for_session');
    await answer(twice.runId, first.request_id, 'accept_for_session');
    expect(dataOf(await world.ended(twice.runId), 'approval.requested')).toHaveLength(1);
    expect(await readFile(world.folder(twice.sessionId, 'repo', 'NOTE.md'), 'utf8')).toBe('Two notes.\n');
  });

  it('fails a review, which could not ask, before it acts', async () => {
    const [threadId, runId] = [await world.createThread(runner), randomUUID()];
    const input = { kind: 'review', target: { type: 'custom', instructions: 'Mark' } };
    await runner.call('POST', '/runs', { threadId, input, runId, approvalMode: 'ask' });
    const log = await world.ended(runId);
    expect(dataOf(log, 'run.failed')[0]?.reason).toContain('A review cannot ask before it acts');
    expect(await exists(threadId, 'mark')).toBe(false);
  });

  it('gives its place to another run while it waits, and takes it again before any run from the queue', async () => {
    const waiting = await ask('Mark');
    const asked = await question(waiting.runId);
    // The only place of the runner is free.
    const works = await ask('Gate');
    await waitFor(() => world.requestsFor('Gate') === 1);
    await answer(waiting.runId, asked.request_id, 'accept');
    const queued = await ask('Later');
    await waitFor(async () => (await world.redis.xlen(REDIS_KEYS.runInbox(waiting.runId))) > 0);
    expect(dataOf(await world.log(waiting.runId), 'approval.resolved')).toEqual([]);
    expect(await world.log(queued.runId)).toEqual([]);
    world.model.openGate('open');
    const at = async ({ runId }: typeof works) => {
      const log = await world.ended(runId);
      expect(log.at(-1)?.type).toBe('run.succeeded');
      return log;
    };
    const [resumed, later] = [await at(waiting), await at(queued)];
    await at(works);
    const takesEffect = resumed.find(({ type }) => type === 'approval.resolved');
    expect(Date.parse(String(takesEffect?.at))).toBeLessThanOrEqual(Date.parse(String(later[0]?.at)));
    expect(Date.parse(String(resumed.at(-1)?.at))).toBeLessThanOrEqual(Date.parse(String(later[0]?.at)));
    // And the runner is not stuck.
    await world.ended((await ask('Once more')).runId);
  });

  it('closes its questions when the run is stopped', async () => {
    const { runId, sessionId } = await ask('Mark');
    const { approval_id, request_id } = await question(runId);
    await runner.call('POST', `/runs/${runId}/cancel`);
    const log = await world.ended(runId);
    expect(log.at(-1)?.type).toBe('run.cancelled');
    expect(dataOf(log, 'approval.resolved')).toEqual([
      { approval_id, request_id, outcome: 'expired', decision: null },
    ]);
    expect(await processesWith(runId)).toEqual([]);
    expect(await exists(sessionId, 'mark')).toBe(false);
  });

  it('fails rather than acts unasked where the engine cannot ask', async () => {
    const other = await RunnerWorld.create(SCENARIOS);
    try {
      const sdk = await other.startRunner({ ENGINE: 'sdk' });
      const threadId = await other.createThread(sdk);
      const { body } = await sdk.call('POST', '/runs', { threadId, prompt: 'Mark', approvalMode: 'ask' });
      const log = await other.ended(String(body['runId']));
      expect(dataOf(log, 'run.failed')[0]?.reason).toContain('ENGINE');
      expect(other.requestsFor('Mark')).toBe(0);
    } finally {
      await other.destroy();
    }
  });
});
