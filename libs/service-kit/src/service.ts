import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { ConfigError, readConfig } from './config.js';
import { SERVER_KEEP_ALIVE_MS } from './http/keep-alive.js';
import { explainRefusals } from './http/refused-connections.js';
import { readTarget } from './http/request-target.js';
import { HttpMetrics } from './metrics/http-metrics.js';
import { createLogger, NestLogger, requestLogging } from './logging.js';
import { ProblemFilter } from './problem.filter.js';
import { SchemaPipe } from './schema.pipe.js';
import { traceRequests } from './tracing/http-tracing.js';
import { Tracing } from './tracing/tracing.js';

/** How to start a service. Every service has request ids, logs, metrics, problem documents, schema validation and shutdown hooks. */
export interface ServiceOptions {
  name: string;
  config: { HOST: string; PORT: number; LOG_LEVEL: string };
  module: Parameters<typeof NestFactory.create>[0] | Type;
  /** Called before routes are set up, to add middleware. */
  configure?: (app: NestExpressApplication, logger: Logger) => void | Promise<void>;
}

/** Starts a service. Resolves when it listens. SIGTERM and SIGINT shut it down gracefully. */
export async function startService({
  name,
  config,
  module,
  configure,
}: ServiceOptions): Promise<NestExpressApplication> {
  const logger = createLogger(name, config.LOG_LEVEL);
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger: new NestLogger(logger),
    bodyParser: false,
    // A signature is one of the bytes of a body.
    rawBody: true,
    abortOnError: false,
  });
  app.disable('x-powered-by');
  explainRefusals(app.getHttpServer(), logger);
  app.getHttpServer().keepAliveTimeout = SERVER_KEEP_ALIVE_MS;
  app.use(requestLogging(logger));
  app.use(readTarget);
  app.use(traceRequests(app.get(Tracing)));
  const http = app.get(HttpMetrics);
  app.use(http.measureRequests);
  app.use('/metrics', http.serveMetrics);
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
  await configure?.(app, logger);
  await app.listen(config.PORT, config.HOST);
  logger.info({ url: await app.getUrl() }, 'listening');
  return app;
}

/** A service that `npm start` launched has an IPC channel to the launcher, and ends when the launcher does. */
function endWithParent(): void {
  if (!process.channel) return;
  process.channel.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}

/** Time to shut down gracefully. A service that takes longer, for example because a store is unavailable, is killed. */
const SHUTDOWN_TIMEOUT_MS = 12_000;

function limitShutdown(graceMs: number): void {
  const end = () => void setTimeout(() => process.exit(1), graceMs + SHUTDOWN_TIMEOUT_MS).unref();
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end);
}

/** Runs a program's `main`. Settings that are not valid end it with plain sentences instead of a stack. */
export async function runMain(main: () => Promise<unknown>): Promise<void> {
  endWithParent();
  try {
    await main();
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else console.error(error);
    process.exit(1);
  }
}

/**
 * Runs a service as a process. After a signal, it ends within a limited time.
 * @param graceMs how long the service may continue its work after a signal
 */
export const runService = <S extends z.ZodObject>(
  schema: S,
  start: (config: z.infer<S>) => Promise<unknown>,
  graceMs: (config: z.infer<S>) => number = () => 0,
): Promise<void> =>
  runMain(async () => {
    const config = readConfig(schema);
    limitShutdown(graceMs(config));
    await start(config);
  });
