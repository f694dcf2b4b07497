/** `npm run doctor`, on healthy and on broken installations. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { freePort } from '../scripts/lib/ports.mjs';
import { createDatabase } from '@saas-codex/testing/postgres';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';

const DOCTOR = resolve(import.meta.dirname, '../scripts/doctor.mjs');
const KEY = 'sk-a-key-that-must-not-be-shown';
const PORTS = ['GATEWAY_PORT', 'BACKEND_PORT', 'RUNNER_PORT', 'POSTGRES_PORT', 'REDIS_PORT'];

let dataDir: string;
let redis: TestRedis;
let database: Awaited<ReturnType<typeof createDatabase>>;
let environment: Record<string, string>;
/** Answers like a model server that accepts one key. */
let model: Server;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'saas-codex-doctor-'));
  redis = await startRedis();
  database = await createDatabase();
  model = createServer((req, res) =>
    res.writeHead(req.headers.authorization === `Bearer ${KEY}` ? 200 : 401).end('{}'),
  );
  await once(model.listen(0, '127.0.0.1'), 'listening');
  const ports = await Promise.all(PORTS.map(async (name) => [name, String(await freePort())]));
  environment = {
    PATH: String(process.env['PATH']),
    ...(Object.fromEntries(ports) as Record<string, string>),
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    CODEX_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
    CODEX_API_KEY: KEY,
  };
});
afterAll(async () => {
  model.close();
  model.closeAllConnections();
  await redis.stop();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function doctor(settings: Record<string, string> = {}): Promise<{ code: number; lines: string[] }> {
  const env = { ...environment, ...settings };
  const { code, stdout } = await promisify(execFile)(process.execPath, [DOCTOR], { env }).then(
    (done) => ({ ...done, code: 0 }),
    (error: unknown) => error as { code: number; stdout: string },
  );
  for (const secret of [KEY, new URL(database.url).password]) expect(stdout).not.toContain(secret);
  return { code, lines: stdout.trim().split('\n') };
}

const line = (level: string, what: string, sentence = '') =>
  expect.stringMatching(new RegExp(`^${level} +${what}: .*${sentence}`)) as string;

it('finds nothing to fix in a healthy installation', async () => {
  const { code, lines } = await doctor();
  expect(lines.filter((one) => one.startsWith('fail'))).toEqual([]);
  for (const what of ['Node', 'git', 'secrets', 'disk', 'PostgreSQL', 'Redis', 'clock', 'model'])
    expect(lines).toContainEqual(line('ok', what));
  expect(lines).toContainEqual(line('ok', 'Redis memory', 'nothing is evicted'));
  expect(lines).toContainEqual(line('ok', 'Redis messages', 'may be published'));
  expect(lines).toContainEqual(line('ok', 'PostgreSQL roles', 'will be created'));
  expect(lines).toContainEqual(line('warn', 'migrations', 'empty'));
  expect(code).toBe(0);
});

it('says what an administrator has to run for a database user who may not create roles', async () => {
  const plain = await createDatabase('plain');
  try {
    const before = await doctor({ DATABASE_URL: plain.url });
    expect(before.code).toBe(1);
    const finding = before.lines.find((one) => /^fail +PostgreSQL roles:/.test(one)) ?? '';
    await plain.asAdministrator(/run: (.*)$/.exec(finding)?.[1] ?? '');
    expect((await doctor({ DATABASE_URL: plain.url })).lines).toContainEqual(
      line('ok', 'PostgreSQL roles', 'are there'),
    );
  } finally {
    await plain.drop();
  }
});

it('reports each problem in one line, and fails', async () => {
  const secrets = join(dataDir, 'secrets.json');
  await writeFile(secrets, JSON.stringify({ postgresPassword: 'p', redisPassword: 'r' }));
  await chmod(secrets, 0o644);
  const client = new Redis(redis.url);
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await client.config('SET', 'appendonly', 'no');
  await client.acl('SETUSER', 'default', 'resetchannels');
  client.disconnect();
  const gatewayPort = String((model.address() as AddressInfo).port);
  const wrong = { CODEX_API_KEY: 'sk-another', DATABASE_URL: 'postgres://u:p@127.0.0.1:9/none' };
  const { code, lines } = await doctor({ ...wrong, GATEWAY_PORT: gatewayPort });
  expect(lines).toContainEqual(line('fail', 'secrets', 'chmod go-rwx .*secrets\\.json'));
  expect(lines).toContainEqual(line('fail', 'ports', `${gatewayPort} is taken.*GATEWAY_PORT`));
  expect(lines).toContainEqual(line('fail', 'PostgreSQL', 'ECONNREFUSED.*DATABASE_URL'));
  expect(lines).toContainEqual(line('fail', 'Redis memory', 'allkeys-lru.*noeviction'));
  expect(lines).toContainEqual(line('warn', 'Redis on disk', 'appendonly'));
  expect(lines).toContainEqual(line('warn', 'Redis messages', '&codex:\\*'));
  expect(lines).toContainEqual(line('fail', 'model', 'refuses the key \\(401\\)'));
  expect(code).toBe(1);
});

it('reports invalid settings and what is allowed, without their values', async () => {
  const { code, lines } = await doctor({ MAX_CONCURRENT_RUNS: '0', CODEX_BASE_URL: KEY });
  expect(lines).toContainEqual(
    line('fail', 'settings', 'MAX_CONCURRENT_RUNS is too small: .*from 1 to 64\\.'),
  );
  expect(lines).toContainEqual(line('fail', 'settings', 'CODEX_BASE_URL is not valid: it must be'));
  expect(code).toBe(1);
});
