import type { Approval, ApprovalPage } from '@saas-codex/contracts/approvals';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { DataSource } from 'typeorm';
import { ApprovalTimeouts } from '../src/approvals/approval-timeouts.js';

const ASKS = { approval_mode: 'ask' };

describe('approvals', () => {
  let world: SessionsWorld;

  beforeAll(async () => {
    world = await SessionsWorld.create({ MAX_RUNS_PER_TENANT: '1' });
    await world.startRunner();
  });
  afterAll(() => world.destroy());

  const open = async (body: object = ASKS): Promise<Session> => (await world.create(body)).body;
  const list = async (query: string) =>
    (await world.call<ApprovalPage>('GET', `/api/approvals?${query}`)).body.items;
  const decide = (approval: Approval, body: object) =>
    world.call<Approval>('POST', `/api/approvals/${approval.approval_id}/decision`, body);
  const database = () => world.backend.app.get(DataSource);

  /** A run of a new session that waits for an answer. */
  async function waiting(prompt = 'Note'): Promise<{ session: Session; run: Run; approval: Approval }> {
    const session = await open();
    const run = await world.runIs((await world.prompt(session.session_id, prompt)).run_id, 'waiting');
    const [approval] = await list(`status=pending&session_id=${session.session_id}`);
    if (!approval) throw new Error('The run waits without a question.');
    return { session, run, approval };
  }

  it('waits for a person, takes the first answer, and tells the second who has answered what', async () => {
    const { session, run, approval } = await waiting();
    expect(approval).toMatchObject({ kind: 'file_change', status: 'pending', run_id: run.run_id });
    const review = { target: { type: 'changes' } };
    expect(await world.call('POST', `/api/sessions/${session.session_id}/reviews`, review)).toMatchObject({
      status: 409,
      body: { code: 'review_cannot_ask' },
    });
    const waits = await world.session(session.session_id);
    expect(waits).toMatchObject({
      active_run_id: run.run_id,
      approval_mode: 'ask',
      needs_you: { reason: 'approval_pending' },
    });
    const answers = await Promise.all([
      decide(approval, { decision: 'accept', note: 'Fine.' }),
      decide(approval, { decision: 'decline' }),
    ]);
    const [won, lost] = answers.toSorted((one, other) => one.status - other.status);
    expect([won?.status, lost?.status]).toEqual([200, 409]);
    if (!won || !lost) throw new Error('There are two answers.');
    const { decision, decided_by: by } = won.body;
    expect(lost.body).toMatchObject({ code: 'approval_answered' });
    expect(lost.body.detail).toContain(`${by?.name} ${decision}`.replace(/e?$/, 'ed it'));
    const ended = await world.runIs(run.run_id, 'succeeded');
    expect(ended.diff?.files).toBe(decision === 'accept' ? 1 : 0);
    expect((await world.log(run.run_id)).filter(({ type }) => type.startsWith('approval.'))).toMatchObject([
      { type: 'approval.requested', data: { approval_id: approval.approval_id } },
      { type: 'approval.resolved', data: { outcome: 'answered', decision } },
    ]);
    expect((await world.session(session.session_id)).needs_you).toBeNull();
    // The same answer once more, as after a lost response.
    expect((await decide(approval, { decision })).body).toEqual(won.body);
    expect(await list(`status=resolved&session_id=${session.session_id}`)).toEqual([won.body]);
  });

  it('gives its place to other runs while it waits, and goes on when there is one for it', async () => {
    const { run, approval } = await waiting();
    const other = await open({});
    const holds = await world.prompt(other.session_id, 'Hold');
    await world.runIs(holds.run_id, 'running');
    expect((await decide(approval, { decision: 'accept' })).status).toBe(200);
    const queued = await world.prompt((await open({})).session_id, 'Note');
    expect((await world.runIs(run.run_id, 'waiting')).status).toBe('waiting');
    await world.call('POST', `/api/runs/${holds.run_id}/cancel`);
    const [went, next] = await Promise.all([run, queued].map((one) => world.runIs(one.run_id, 'succeeded')));
    expect(Date.parse(went?.ended_at ?? '')).toBeLessThan(Date.parse(next?.ended_at ?? ''));
  });

  it('declines what nobody answers in time, and says so', async () => {
    const { run, approval } = await waiting();
    const { approval_id: id } = approval;
    await database().query(`UPDATE approvals SET created_at = now() - interval '61 minutes' WHERE id = $1`, [
      id,
    ]);
    await world.backend.app.get(ApprovalTimeouts, { strict: false }).scanNow();
    const ended = await world.runIs(run.run_id, 'succeeded');
    expect(ended.diff?.files).toBe(0);
    const [row] = await list(`session_id=${run.session_id}`);
    expect(row).toMatchObject({
      status: 'resolved',
      decision: 'decline',
      decided_by: { kind: 'system' },
      note: expect.stringContaining('APPROVAL_TIMEOUT_MINUTES'),
    });
    expect(await decide(approval, { decision: 'accept' })).toMatchObject({
      status: 409,
      body: { code: 'approval_answered', detail: expect.stringContaining('Nobody answered in time') },
    });
    const log = await world.log(run.run_id);
    expect(log.find(({ type }) => type === 'approval.resolved')?.data).toMatchObject({
      outcome: 'timed_out',
    });
  });

  it('leaves no question open when the run ends', async () => {
    const { run, approval } = await waiting();
    await world.call('POST', `/api/runs/${run.run_id}/cancel`);
    await world.runIs(run.run_id, 'cancelled');
    expect(await list(`session_id=${run.session_id}`)).toMatchObject([{ status: 'expired', decision: null }]);
    expect((await decide(approval, { decision: 'accept' })).body.code).toBe('approval_expired');

    // As a backend that does not know approvals leaves it.
    await database().query(`UPDATE approvals SET status = 'pending' WHERE id = $1`, [approval.approval_id]);
    await (
      await world.backend.app.get(ApprovalTimeouts, { strict: false }).scanNow()
    ).settled;
    expect(await list(`session_id=${run.session_id}`)).toMatchObject([{ status: 'expired' }]);
  });

  it('takes only what Codex offers, and asks in runs that start after the change', async () => {
    const session = await open({});
    const path = `/api/sessions/${session.session_id}`;
    expect((await world.call('PATCH', path, { approval_mode: 'sometimes' })).status).toBe(400);
    expect((await world.call<Session>('PATCH', path, ASKS)).body.approval_mode).toBe('ask');
    const run = await world.runIs((await world.prompt(session.session_id, 'Script')).run_id, 'waiting');
    const [approval] = await list(`session_id=${session.session_id}`);
    expect(approval?.command).toContain('. ./script.sh');
    expect(approval?.decisions).not.toContain('accept_for_session');
    const refused = await decide(approval as Approval, { decision: 'accept_for_session' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'decision_not_offered' } });
    await decide(approval as Approval, { decision: 'cancel' });
    expect((await world.runIs(run.run_id, 'failed')).status).toBe('failed');
    await world.call('PATCH', path, { approval_mode: 'never' });
    await world.runIs((await world.prompt(session.session_id, 'Note')).run_id, 'succeeded');
  });

  it('shows and answers nothing of a session that is private to another person', async () => {
    const { run, approval, session } = await waiting();
    const hide = (owner: string | null, visibility: string) =>
      database().query('UPDATE sessions SET owner_id = $2, visibility = $3 WHERE id = $1', [
        session.session_id,
        owner,
        visibility,
      ]);
    await hide('somebody', 'private');
    expect(await list('status=pending')).toEqual([]);
    expect((await decide(approval, { decision: 'accept' })).status).toBe(404);
    await hide(null, 'tenant');
    expect(await list('status=pending')).toMatchObject([{ approval_id: approval.approval_id }]);
    await decide(approval, { decision: 'decline' });
    await world.runIs(run.run_id, 'succeeded');
  });

  it('asks before a new host is reached, and keeps it for the session when a person says so', async () => {
    const script = 'for try in 1 2; do NO_PROXY= no_proxy= curl -s http://127.0.0.2:9/; done; true';
    const network = { mode: 'ask', hosts: [] };
    const session = await open({ network, setup: { script } });
    const path = `/api/sessions/${session.session_id}`;
    const question = async (count: number) => {
      await waitFor(async () => (await list(`session_id=${session.session_id}`)).length === count);
      return (await list(`status=pending&session_id=${session.session_id}`))[0] as Approval;
    };
    const first = await question(1);
    expect(first).toMatchObject({
      kind: 'network',
      command: null,
      destination: { host: '127.0.0.2', port: 9, method: 'GET' },
      decisions: ['accept', 'accept_for_session', 'decline'],
    });
    // Other commands of the run may go on.
    expect((await world.call<Run>('GET', `/api/runs/${first.run_id}`)).body.status).toBe('running');
    expect((await world.session(session.session_id)).needs_you?.reason).toBe('approval_pending');
    expect((await decide(first, { decision: 'accept' })).status).toBe(200);
    const second = await question(2);
    expect((await decide(second, { decision: 'accept_for_session' })).status).toBe(200);
    expect((await world.call<Session>('GET', path)).body.network).toEqual({
      mode: 'ask',
      hosts: [{ host: '127.0.0.2:9', methods: 'any' }],
    });
    await world.runIs(first.run_id, 'succeeded');
    const log = await world.log(first.run_id);
    // A person cannot open what the operator has not: the address is private.
    expect(log.filter(({ type }) => type === 'network.refused')).toMatchObject([
      { data: { host: '127.0.0.2', port: 9, reason: 'address_not_public' } },
    ]);
  });

  it('is refused where the engine cannot ask', async () => {
    const { session_id: id } = await open({});
    await world.endRunner();
    await world.startRunner({ ENGINE: 'sdk' });
    const code = { status: 409, body: { code: 'approvals_unsupported' } };
    expect(await world.call('PATCH', `/api/sessions/${id}`, ASKS)).toMatchObject(code);
    expect(await world.create(ASKS)).toMatchObject(code);
    await waitFor(
      async () =>
        (await world.call('PATCH', `/api/sessions/${id}`, { approval_mode: 'never' })).status === 200,
    );
  });
});
