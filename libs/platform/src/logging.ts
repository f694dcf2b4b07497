import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import { HEADERS } from '@saas-codex/contracts/http';
import { pino, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';

/** Fields that may hold a secret; cut from every log line. */
const REDACT = [
  'req.headers',
  'res.headers',
  '*.authorization',
  '*.cookie',
  '*.token',
  '*.password',
  '*.apiKey',
];

/** JSON lines on stdout, each with its service's name. */
export const createLogger = (service: string, level: string): Logger =>
  pino({ base: { service }, level, redact: { paths: REDACT, remove: true } });

/** Asked every few seconds, by machines. */
const PROBES = new Set(['/health', '/metrics', '/ready']);

const REQUEST_ID = /^[\w.-]{8,64}$/;

/**
 * Gives every request an id (its own `x-request-id` when that is well formed), answers it, and logs one line when
 * the response is done. Queries are not logged: they may hold what a person typed.
 */
export const requestLogging = (logger: Logger) =>
  pinoHttp({
    logger,
    genReqId: (req, res) => {
      const given = req.headers[HEADERS.requestId];
      const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
      req.headers[HEADERS.requestId] = id;
      res.setHeader(HEADERS.requestId, id);
      return id;
    },
    serializers: {
      req: (req) => ({ id: req.id, method: req.method, path: String(req.url).split('?')[0] }),
      res: (res) => ({ status: res.statusCode }),
    },
    autoLogging: { ignore: (req) => PROBES.has(String(req.url)) },
    customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'warn' : 'info'),
  });

/** Lets Nest's own messages go through pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log = (message: unknown, context?: string) => this.logger.debug({ context }, String(message));
  error = (message: unknown, stack?: string, context?: string) =>
    this.logger.error({ context, stack }, String(message));
  warn = (message: unknown, context?: string) => this.logger.warn({ context }, String(message));
  debug = (message: unknown, context?: string) => this.logger.debug({ context }, String(message));
  verbose = (message: unknown, context?: string) => this.logger.trace({ context }, String(message));
}

/** The logger of one request: its lines carry the request's id. Undefined where `requestLogging` is not in use. */
export const requestLog = (req: IncomingMessage): Logger | undefined => (req as { log?: Logger }).log;
