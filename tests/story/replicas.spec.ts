import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '@saas-codex/contracts/events';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { openSse } from '@saas-codex/testing/sse-client';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';

/** `npm start -- --runners 2 --backends 2`: what clients notice when one of two replicas dies. */
let system: System;
beforeAll(async () => {
  system = await startSystem({ DEMO_PACE: '0.3' }, { runners: 2, backends: 2 });
});
afterAll(() => system.stop());

const json = async <T>(path: string, body?: object): Promise<T> => {
  const response = await system.api(path, body ? { method: 'POST', body: JSON.stringify(body) } : {});
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};
const prompt = async () => {
  const { session_id } = await json<Session>('/api/sessions', { title: 'Replicas' });
  return json<Run>(`/api/sessions/${session_id}/prompt`, { prompt: 'Hi' });
};
const ended = ({ run_id }: Run) =>
  waitFor(
    async () => {
      const run = await json<Run>(`/api/runs/${run_id}`);
      return run.ended_at === null ? null : run;
    },
    { what: `run ${run_id} to end` },
  );

/** The run's events, as received by a client that reconnects with its last id whenever the stream breaks. */
async function follow(runId: string, got: { id: string; type: string }[]): Promise<void> {
  const authorization = `Bearer ${readFileSync(join(system.dataDir, 'owner-token'), 'utf8').trim()}`;
  for (let isDone = false; !isDone;) {
    const last = got.at(-1)?.id;
    const headers = { authorization, ...(last && { 'last-event-id': last }) };
    const stream = await openSse(`${system.url}/api/runs/${runId}/events`, { headers });
    for (const { id, data } of await stream.ended())
      if (id !== null) got.push({ id, type: (JSON.parse(data) as RunEvent).type });
    isDone = stream.events.some(({ event }) => event === 'end');
  }
}

function kill(service: string): number {
  const pid = system.pids().get(service);
  if (pid === undefined) throw new Error(`${service} is not running`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

test('both replicas of each service are running and ready', async () => {
  expect([...system.pids().keys()]).toEqual(
    expect.arrayContaining(['gateway', 'backend', 'backend-2', 'runner', 'runner-2']),
  );
  expect((await fetch(`${system.url}/ready`)).status).toBe(200);
});

test('no request fails and no event is lost or repeated while the backends are killed in turn', async () => {
  const run = await prompt();
  const got: { id: string; type: string }[] = [];
  const following = follow(run.run_id, got);
  for (const service of ['backend', 'backend-2']) {
    const pid = kill(service);
    await waitFor(async () => {
      expect((await system.api('/api/sessions')).status).toBe(200);
      const now = system.pids().get(service);
      return now !== undefined && now !== pid;
    });
    await waitFor(() => readyOf(service));
  }
  expect((await ended(run)).status).toBe('succeeded');
  await following;
  const durable = got.filter(({ id }) => !id.includes('-'));
  expect(durable.map(({ id }) => Number(id))).toEqual(durable.map((_, index) => index + 1));
  expect(new Set(got.map(({ id }) => id)).size).toBe(got.length);
  expect(durable.at(-1)?.type).toBe('run.succeeded');
});

test('runs start at the other runner when one is killed, and the killed runner’s runs end', async () => {
  const runs = await Promise.all(Array.from({ length: 4 }, prompt));
  kill('runner');
  runs.push(await prompt());
  const outcomes = await Promise.all(runs.map(ended));
  const statuses = outcomes.map(({ status }) => status);
  expect(statuses.filter((status) => !['succeeded', 'interrupted'].includes(status))).toEqual([]);
  expect(statuses.at(-1)).toBe('succeeded');
});

/** Whether a backend is ready at the address that its log names last, which changes with a restart. */
async function readyOf(service: string): Promise<boolean> {
  const log = readFileSync(join(system.dataDir, 'logs', `${service}.log`), 'utf8');
  const url = [...log.matchAll(/"url":"(http:[^"]+)"/g)].at(-1)?.[1];
  return url !== undefined && (await fetch(`${url.replace('[::1]', '127.0.0.1')}/ready`)).ok;
}
