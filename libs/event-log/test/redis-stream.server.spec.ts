import 'reflect-metadata';
import { type INestMicroservice, Controller, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { forgetConsumers } from '../src/redis-stream/forget-consumers.js';
import { RedisStreamServer } from '../src/redis-stream/redis-stream.server.js';

const STREAM = 'spec:stream';
const GROUP = 'spec';
const Message = z.object({ n: z.number() });

let server: TestRedis;
let redis: Redis;
let service: INestMicroservice | null = null;
let handled: number[];
let handler: (n: number) => Promise<void>;

@Controller()
class SpecController {
  @EventPattern('counted')
  async counted(@Payload() { n }: z.infer<typeof Message>): Promise<void> {
    await handler(n);
    handled.push(n);
  }
}

class SpecModule {}

async function start(consumer: string, claimIdleMs?: number): Promise<INestMicroservice> {
  const strategy = new RedisStreamServer({
    redis,
    stream: STREAM,
    group: GROUP,
    consumer,
    schema: Message,
    claimIdleMs,
  });
  const module = { module: SpecModule, controllers: [SpecController] };
  const started = await NestFactory.createMicroservice(module, { strategy, logger: false });
  await started.listen();
  return started;
}

const add = (n: unknown, type = 'counted') =>
  redis.xadd(STREAM, '*', 'type', type, 'event', typeof n === 'string' ? n : JSON.stringify({ n }));
const pending = async () => ((await redis.xpending(STREAM, GROUP)) as [number])[0];

beforeAll(async () => {
  Logger.overrideLogger(false);
  server = await startRedis();
  redis = connectRedis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.del(STREAM);
  handled = [];
  handler = async () => undefined;
});
afterEach(async () => {
  await service?.close();
  service = null;
});

it('hands out what was there before the group and what comes, and acknowledges it', async () => {
  await add(1);
  service = await start('a');
  await waitFor(() => handled.length === 1);
  await add('no json');
  await add({ other: true });
  await add(7, 'uncounted');
  await add(2);
  await waitFor(() => handled.length === 2);
  expect(handled).toEqual([1, 2]);
  await waitFor(async () => (await pending()) === 0);
});

it('gives a consumer that was lost before it acknowledged the same entries again when it is back', async () => {
  await redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
  for (const n of [1, 2, 3]) await add(n);
  await redis.xreadgroup('GROUP', GROUP, 'a', 'COUNT', 2, 'STREAMS', STREAM, '>');
  service = await start('a');
  await waitFor(() => handled.length === 3);
  expect(handled).toEqual([1, 2, 3]);
  await waitFor(async () => (await pending()) === 0);
});

it('takes over what another consumer has left behind', async () => {
  await redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
  await add(1);
  await redis.xreadgroup('GROUP', GROUP, 'lost', 'COUNT', 1, 'STREAMS', STREAM, '>');
  service = await start('a', 50);
  await waitFor(() => handled.includes(1));
  await waitFor(async () => (await pending()) === 0);
});

it('forgets consumers that are long gone, but none that still holds an entry', async () => {
  await redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
  for (const n of [1, 2]) await add(n);
  await redis.xgroup('CREATECONSUMER', STREAM, GROUP, 'gone');
  await redis.xreadgroup('GROUP', GROUP, 'holding', 'COUNT', 1, 'STREAMS', STREAM, '>');
  await waitFor(() => forgetConsumers(redis, STREAM, GROUP, 10));
  const consumers = (await redis.xinfo('CONSUMERS', STREAM, GROUP)) as unknown[];
  expect(JSON.stringify(consumers)).toContain('"holding"');
  expect(consumers).toHaveLength(1);
});

it('tries a failing entry again, lets others pass, and never loses it', async () => {
  let broken = true;
  handler = async (n) => {
    if (n === 1 && broken) throw new Error('the database is away');
  };
  service = await start('a', 50);
  await add(1);
  await add(2);
  await waitFor(() => handled.includes(2));
  expect(handled).not.toContain(1);
  broken = false;
  await waitFor(() => handled.includes(1));
  await waitFor(async () => (await pending()) === 0);
});

it('finds its group again after Redis has lost everything', async () => {
  service = await start('a', 50);
  await add(1);
  await waitFor(() => handled.length === 1);
  await redis.flushall();
  await add(2);
  await waitFor(() => handled.length === 2);
});
