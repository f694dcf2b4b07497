import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startGitServer } from '../src/git-server.js';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { startRedis as startOwnRedis } from '../../../scripts/lib/redis.mjs';
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

test('a Redis has the memory limit that it is given, unless its data need most of it: then it takes writes, and warns', async () => {
  const warn = jest.spyOn(console, 'warn').mockReturnValue(undefined);
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-redis-'));
  const options = { folder, port: await freePort(), maxMemoryMb: 64 };
  const limitOf = async (redis: Redis) => (await redis.config('GET', 'maxmemory')) as [string, string];
  let server = await startOwnRedis(options);
  let client = new Redis(server.url);
  expect(await limitOf(client)).toEqual(['maxmemory', String(64 * 1024 * 1024)]);
  for (let n = 0; n < 10; n += 1) await client.set(`${n}`, Buffer.alloc(5_000_000));
  expect(warn).not.toHaveBeenCalled();
  client.disconnect();
  await server.stop();

  server = await startOwnRedis(options);
  client = new Redis(server.url);
  expect(await limitOf(client)).toEqual(['maxmemory', '0']);
  await client.set('more', Buffer.alloc(20 * 1024 * 1024));
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('REDIS_MAX_MEMORY_MB'));
  client.disconnect();
  await server.stop();
  await rm(folder, { recursive: true });
  warn.mockRestore();
});
