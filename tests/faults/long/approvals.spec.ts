import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Approval } from '@saas-codex/contracts/approvals';
import type { FaultWorld } from '@saas-codex/testing/faults/world';
import { faultSuite } from '@saas-codex/testing/faults/suite';
import { waitFor } from '@saas-codex/testing/wait-for';

/*
 * Runs that ask before their one command, of which two people answer each question at once, one yes and one no, while a fault
 * happens. A command leaves a line in its repository, so it shows whether it ran without an answer, or twice.
 */

const SESSIONS = 10;

const FAULTS: Record<string, (world: FaultWorld) => Promise<unknown>> = {
  nothing: async () => undefined,
  'a runner is killed': async ({ runners: [runner] }) => {
    await runner?.kill();
    await runner?.start();
  },
  'every backend is killed': async ({ backends }) => {
    await Promise.all(backends.map((backend) => backend.kill()));
    await Promise.all(backends.map((backend) => backend.start()));
  },
  'the gateway is killed': async ({ gateway }) => {
    await gateway.kill();
    await gateway.start();
  },
  'Redis is killed': async ({ redis }) => {
    await redis.kill();
    await redis.restart();
  },
};

describe('fifty questions of runs', () => {
  const suite = faultSuite(SESSIONS);
  const figures: object[] = [];

  beforeAll(async () => {
    const { client, sessions } = suite.world;
    await Promise.all(sessions.map((id) => client.changeSession(id, { approval_mode: 'ask' })));
  });
  afterAll(() => process.stdout.write(`${figures.map((one) => JSON.stringify(one)).join('\n')}\n`));

  const linesOf = async (sessionId: string, prompt: string): Promise<number> => {
    const file = join(suite.world.workspaces, sessionId, 'repo/turns.txt');
    const text = await readFile(file, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line === prompt).length;
  };

  it.each(Object.entries(FAULTS))(
    'each run once and only with a yes, while this happens: %s',
    async (name, fault) => {
      const { world } = suite;
      const { client } = world;
      const watchers = await Promise.all(Array.from({ length: SESSIONS }, (_, n) => world.prompt(n, 'Work')));
      const runIds = new Set(watchers.map(({ runId }) => runId));
      const ours = async (query = ''): Promise<Approval[]> =>
        (await client.approvals(query)).filter(({ run_id }) => runIds.has(run_id));
      const asked = await waitFor(
        async () => {
          const pending = await ours('status=pending');
          return pending.length === SESSIONS ? pending : null;
        },
        { timeoutMs: 60_000, what: 'the questions' },
      );

      const answer = async ({ approval_id: id }: Approval) => {
        const codes = await Promise.all([client.decide(id, 'accept'), client.decide(id, 'cancel')]);
        return { id, codes };
      };
      const before = asked.slice(0, SESSIONS / 2).map(answer);
      const happens = fault(world);
      const meanwhile = asked.slice(SESSIONS / 2).map(answer);
      const answers = await Promise.all([...before, ...meanwhile]);
      await happens;
      const runs = await Promise.all(watchers.map(({ runId }) => client.ended(runId, 90_000)));

      const rows = await ours();
      expect(rows.map(({ status }) => status)).not.toContain('pending');
      expect(rows).toHaveLength(SESSIONS);
      let ran = 0;
      for (const run of runs) {
        const row = rows.find(({ run_id }) => run_id === run.run_id);
        const codes = answers.find(({ id }) => id === row?.approval_id)?.codes ?? [];
        const taken = codes.filter((code) => code === undefined).length;
        expect([row?.status, taken]).toEqual([row?.status, row?.status === 'resolved' ? 1 : 0]);
        const lines = await linesOf(run.session_id, run.prompt);
        ran += lines;
        if (row?.decision !== 'accept') expect([run.prompt, lines]).toEqual([run.prompt, 0]);
        else if (run.status === 'succeeded') expect([run.prompt, lines]).toEqual([run.prompt, 1]);
        else expect(lines).toBeLessThanOrEqual(1);
        expect(run.status).not.toBe(row?.decision === 'accept' ? 'failed' : 'succeeded');
      }
      const count = (values: (string | null)[]) =>
        Object.fromEntries([...new Set(values)].map((one) => [one, values.filter((v) => v === one).length]));
      figures.push({
        while: name,
        runs: count(runs.map(({ status }) => status)),
        rows: count(rows.map(({ status, decision }) => decision ?? status)),
        ran,
      });
      await suite.keepsItsPromises();
    },
  );
});
