// Opens a session, sends a prompt, prints what happens while it happens, and the result.
// SAAS_CODEX_TOKEN=… [SAAS_CODEX_URL=http://localhost:9100] node prompt.mjs <prompt> [repository]
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { createClient } from '@saas-codex/client';

const [prompt, repository] = process.argv.slice(2);
const token = process.env['SAAS_CODEX_TOKEN'];
if (!prompt || !token) throw new Error('SAAS_CODEX_TOKEN=… node prompt.mjs <prompt> [repository]');
const client = createClient({ baseUrl: process.env['SAAS_CODEX_URL'] ?? 'http://localhost:9100', token });

/**
 * @template T
 * @param {{ data?: T, error?: { detail: string } }} answer
 * @returns {T}
 */
function dataOf({ data, error }) {
  if (data === undefined) throw new Error(error?.detail ?? 'The server has not answered.');
  return data;
}

/** With a key, a request that is sent again after a lost answer has its effect once. */
const once = () => ({ 'idempotency-key': randomUUID() });

const session = dataOf(
  await client.api.POST('/api/sessions', {
    headers: once(),
    body: repository === undefined ? {} : { repo_url: repository },
  }),
);
const run = dataOf(
  await client.api.POST('/api/sessions/{session_id}/prompt', {
    headers: once(),
    params: { path: { session_id: session.session_id } },
    body: { prompt },
  }),
);

for await (const { id, event } of client.followRun(run.run_id)) {
  if (event.type === 'item.completed') console.log(id, event.data.item);
}

// The last event is there a moment before the result.
const params = { path: { run_id: run.run_id } };
let ended = run;
while (ended.ended_at === null) {
  await setTimeout(200);
  ended = dataOf(await client.api.GET('/api/runs/{run_id}', { params }));
}
console.log(ended.status, ended.result);
