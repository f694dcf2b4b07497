import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ACTIVITY_CHANNEL } from '@saas-codex/contracts/redis-keys';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { createDatabase } from '@saas-codex/testing/postgres';
import { startRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';
import { RunnerClient, RunnerUnavailable } from '../src/runner-client/runner-client.js';
import { startBackend } from '@saas-codex/testing/backend/backend';

/** Several backends and several runners on one installation. */

describe('backends that start together on one machine', () => {
  it('migrate the database once, create one owner, and are all notified when a run changes its status', async () => {
    const [redis, database] = await Promise.all([startRedis(), createDatabase()]);
    const shared = { REDIS_URL: redis.url, DATABASE_URL: database.url };
    const first = startBackend(shared);
    const second = startBackend(shared);
    const backends = await Promise.all([first, second]);
    const connection = new Redis(redis.url);
    try {
      const count = (table: string) =>
        backends[0].app.get(DataSource).query(`SELECT count(*)::int AS n FROM ${table}`);
      expect([await count('users'), await count('tenants')]).toEqual([[{ n: 1 }], [{ n: 1 }]]);
      for (const { url } of backends) {
        const headers = { authorization: `Bearer ${backends[1].ownerToken}` };
        expect((await fetch(`${url}/api/me`, { headers })).status).toBe(200);
      }
      await waitFor(async () => {
        const [, subscribers] = await connection.pubsub('NUMSUB', ACTIVITY_CHANNEL);
        return subscribers === 2;
      });
    } finally {
      connection.disconnect();
      await Promise.all(backends.map((backend) => backend.stop()));
      await Promise.all([redis.stop(), database.drop()]);
    }
  });
});

describe('calls to runners', () => {
  const runId = '01a20ab5-ae54-7856-92ea-c8912e0f8d29';
  const threadId = '01a20ab5-ad03-774a-840c-f8dd44ecbc3d';
  let servers: Server[];
  let asked: number[];
  let client: RunnerClient;

  beforeEach(async () => {
    asked = [];
    servers = [0, 1].map((index) =>
      createServer((req, res) => {
        asked.push(index);
        req.resume().on('end', () => res.writeHead(202).end(JSON.stringify({ runId })));
      }),
    );
    for (const server of servers) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    const RUNNER_URL = servers.map(
      (server) => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
    client = new RunnerClient({ RUNNER_URL, SERVICE_TOKEN: 'of-the-spec' });
  });
  afterEach(() => {
    client.onApplicationShutdown();
    servers.forEach(stop);
  });
  const stop = (server: Server) => server.close().closeAllConnections();
  const start = () => client.startRun({ runId, threadId, input: { kind: 'prompt', prompt: 'Hi' } });

  it('rotate over the runners and leave out those that are down', async () => {
    for (let index = 0; index < 4; index++) expect(await start()).toEqual({ runId });
    expect(asked).toEqual([0, 1, 0, 1]);
    servers.slice(0, 1).forEach(stop);
    for (let index = 0; index < 4; index++) expect(await start()).toEqual({ runId });
    expect(asked.slice(4)).toEqual([1, 1, 1, 1]);
    servers.forEach(stop);
    await expect(start()).rejects.toBeInstanceOf(RunnerUnavailable);
  });

  it('are repeated at another runner when one dies during the call', async () => {
    servers[0]?.removeAllListeners('request').on('request', (req) => req.socket.destroy());
    for (let index = 0; index < 3; index++) expect(await start()).toEqual({ runId });
    expect(asked).toEqual([1, 1, 1]);
  });
});
