// Prints the whole log of each of a tenant's runs when it has ended, with a consumer group of its own.
// REDIS_URL=redis://… node main.mjs <tenant id> [group] [consumer]
import { hostname } from 'node:os';
import { Redis } from 'ioredis';
import { CONNECTION, consumeActivity } from './activity.mjs';
import { LogNotThere, readRunLog } from './run-log.mjs';

const [tenant, group = 'example', consumer = hostname()] = process.argv.slice(2);
if (!tenant) throw new Error('Name the tenant: node main.mjs <tenant id> [group] [consumer]');
const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:9104';
const activities = new Redis(url, CONNECTION);
const logs = new Redis(url);
for (const redis of [activities, logs]) redis.on('error', (error) => console.error(error.message));

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => {
    stop.abort();
    activities.disconnect();
    logs.disconnect();
  });
}

await consumeActivity(activities, { tenant, group, consumer, signal: stop.signal }, async (activity) => {
  if (activity.type !== 'run.status') return;
  // The log's last event and this status are written together, so the log is complete now.
  if (activity['status'] === 'queued' || activity['status'] === 'running') return;
  const runId = String(activity['run_id']);
  try {
    for await (const { id, event } of readRunLog(logs, runId, { ended: true }))
      console.log(JSON.stringify({ id, event }));
  } catch (error) {
    if (!(error instanceof LogNotThere)) throw error;
    console.error(`${error.message} GET /api/runs/${runId}/events has it.`);
  }
});
