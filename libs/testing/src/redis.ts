import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { startRedis as start } from '../../../scripts/lib/redis.mjs';

const PASSWORD = 'redis-password-of-the-specs';

export interface TestRedis {
  url: string;
  /** Ends the server at once (kill -9) and starts it again on the same data and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A Redis server for one suite, configured as in production. */
export async function startRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-redis-'));
  const port = await freePort();
  let server = await start({ folder, port, password: PASSWORD });
  return {
    url: server.url,
    async restart() {
      const ended = new Promise((resolve) => server.process.once('exit', resolve));
      server.process.kill('SIGKILL');
      await ended;
      server = await start({ folder, port, password: PASSWORD });
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
