/** Lists everything that the product stores or shows as text, so that a spec can search it. */
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { readProcesses } from '../../../apps/runner/src/sandbox/jail/process-table.js';
import type { Place } from './secret-search.js';

const execute = promisify(execFile);

/** @returns a process's environment; empty when it cannot be read */
export async function environmentOf(pid: number): Promise<Record<string, string>> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return Object.fromEntries(
    text
      .split('\0')
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

/**
 * Environment and command line of the launcher and every process below it: the services, the stores, and what the runner
 * started, which is `codex` (named by its command line) or a `command` of an agent.
 * @param services their pids by name
 */
export async function processPlaces(launcher: number, services: Map<string, number>): Promise<Place[]> {
  const all = await readProcesses();
  const names = new Map([
    [launcher, 'launcher'],
    ...[...services].map(([name, pid]) => [pid, name] as const),
  ]);
  const places: Place[] = [];
  for (const [pid, name] of names) {
    const [environment, commandLine] = await Promise.all(
      ['environ', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`).catch(() => Buffer.alloc(0))),
    );
    const below = name === 'runner' || name === 'codex' || name === 'command';
    const isCodex =
      below && name !== 'runner' && /--experimental-json|\0app-server\0/.test(String(commandLine));
    const who = isCodex ? 'codex' : below && name !== 'runner' ? 'command' : name;
    places.push({ name: `environment:${who}`, content: environment ?? '' });
    places.push({ name: `arguments:${who}`, content: commandLine ?? '' });
    // Iteration over a map includes entries that are added meanwhile.
    for (const child of all) {
      if (child.parent === pid && !names.has(child.pid)) names.set(child.pid, below ? 'command' : name);
    }
  }
  return places;
}

/** Every file below the folder; the files of PostgreSQL are one place. */
export async function filePlaces(folder: string): Promise<Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async (entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = relative(folder, file).split(sep).join('/');
      const name = path.startsWith('postgres/') ? 'postgres' : path;
      // A file that is removed meanwhile holds nothing any more.
      return { name: `file:${name}`, content: await readFile(file).catch(() => Buffer.alloc(0)) };
    }),
  );
}

/** All objects of every git directory below the folder, since their files are compressed. */
export async function gitPlaces(folder: string): Promise<Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const gitDirs = entries.filter((entry) => entry.name === 'objects' && entry.isDirectory());
  return Promise.all(
    gitDirs.map(async ({ parentPath }) => {
      const all = ['--git-dir', parentPath, 'cat-file', '--batch-all-objects', '--batch'];
      const { stdout } = await execute('git', all, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
      return { name: `git:${relative(folder, parentPath)}`, content: stdout };
    }),
  );
}

/** Every row of every table, as JSON. */
export async function databasePlaces(url: string): Promise<Place[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ schema: string; name: string }>(
      `SELECT schemaname AS schema, tablename AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const places: Place[] = [];
    for (const { schema, name } of tables) {
      const table = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
      const { rows } = await client.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${table} t`);
      places.push({ name: `table:${name}`, content: rows.map(({ row }) => row).join('\n') });
    }
    return places;
  } finally {
    await client.end();
  }
}

/** How to read all of a Redis key, by its type. */
const READ: Record<string, (redis: Redis, key: string) => Promise<unknown>> = {
  string: (redis, key) => redis.get(key),
  list: (redis, key) => redis.lrange(key, 0, -1),
  set: (redis, key) => redis.smembers(key),
  zset: (redis, key) => redis.zrange(key, '0', '-1'),
  hash: (redis, key) => redis.hgetall(key),
  stream: (redis, key) => redis.xrange(key, '-', '+'),
  none: () => Promise.resolve(null),
};

/** Every key with its whole value; a place is named after the type. */
export async function redisPlaces(url: string): Promise<Place[]> {
  const redis = new Redis(url);
  try {
    const keys = await redis.keys('*');
    return await Promise.all(
      keys.map(async (key) => {
        const type = await redis.type(key);
        const read = READ[type];
        if (!read) throw new Error(`${key} is a ${type}, and READ cannot read this type`);
        return { name: `redis:${type}`, content: `${key} ${JSON.stringify(await read(redis, key))}` };
      }),
    );
  } finally {
    redis.disconnect();
  }
}

/** Puts the text into a new key of every type that READ knows. */
export async function plantInRedis(url: string, text: string): Promise<void> {
  const redis = new Redis(url);
  await redis
    .multi()
    .set('planted:string', text)
    .rpush('planted:list', text)
    .sadd('planted:set', text)
    .zadd('planted:zset', 1, text)
    .hset('planted:hash', 'field', text)
    .xadd('planted:stream', '*', 'field', text)
    .exec();
  redis.disconnect();
}
