import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startGitServer } from '../src/git-server.js';
import { createDatabase } from '../src/postgres.js';
import { startRedis } from '../src/redis.js';

test('the real parts start: Redis keeps data over a kill, Postgres has a database, git serves a clone', async () => {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  await client.set('a', '1');
  await redis.restart();
  expect(await client.get('a')).toBe('1');
  client.disconnect();
  await redis.stop();

  const database = await createDatabase();
  const postgres = new pg.Client({ connectionString: database.url });
  await postgres.connect();
  expect((await postgres.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await postgres.end();
  await database.drop();

  const git = await startGitServer();
  const url = await git.createRepository('hello', { 'README.md': '# Hello\n' });
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-clone-'));
  await promisify(execFile)('git', ['clone', '-q', url, folder]);
  expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('# Hello\n');
  await rm(folder, { recursive: true });
  await git.stop();
});
