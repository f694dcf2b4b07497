// Prints the log of one run, live, to its end; with an id, the events after it.
// REDIS_URL=redis://… node follow.mjs <run id> [after]
import { Redis } from 'ioredis';
import { readRunLog } from './run-log.mjs';

const [runId, after] = process.argv.slice(2);
if (!runId) throw new Error('Name the run: node follow.mjs <run id> [after]');
const redis = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:9104', { maxRetriesPerRequest: null });
redis.on('error', (error) => console.error(error.message));
for await (const { id, event } of readRunLog(redis, runId, { after }))
  console.log(JSON.stringify({ id, event }));
redis.disconnect();
