import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import { HEADERS } from '@saas-codex/contracts/http';
import { SENSITIVE } from '@saas-codex/contracts/setting-readers';
import { pino, type DestinationStream, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { QUIET_PATHS } from './http-routes.js';
import { traceIdOf } from './tracing/tracing.js';

// Our own, not nestjs-pino: its current version needs Node 22.12, and we support 20.19.

/** Fields that may hold a secret. They are removed from every log line. */
const REDACT = [
  'req.headers',
  'res.headers',
  '*.authorization',
  '*.cookie',
  '*.token',
  '*.password',
  '*.apiKey',
  ...SENSITIVE.flatMap((name) => [name, `*.${name}`]),
];

/** Writes JSON lines with the service's name, to stdout by default. */
export const createLogger = (service: string, level: string, destination?: DestinationStream): Logger =>
  pino({ base: { service }, level, redact: { paths: REDACT, remove: true } }, destination);

const REQUEST_ID = /^[\w.-]{8,64}$/;

/**
 * Gives every request an id, returns it in the response, and logs one line when the response has been sent. A well-formed
 * `x-request-id` of the client is kept. Queries are not logged, because they may contain what a person typed.
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
    customProps: (req) => ({ request_id: req.id, trace_id: traceIdOf(req.headers[HEADERS.traceparent]) }),
    serializers: {
      req: (req) => ({ id: req.id, method: req.method, path: String(req.url).split('?')[0] }),
      res: (res) => ({ status: res.statusCode }),
    },
    autoLogging: { ignore: (req) => QUIET_PATHS.includes(req.url ?? '') },
    customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'warn' : 'info'),
  });

/** A log line with fields besides its text: `logger.warn({ message: 'the run was lost', run_id })`. */
interface MessageWithFields {
  message: string;
  [field: string]: unknown;
}

const hasFields = (message: unknown): message is MessageWithFields =>
  typeof message === 'object' && message !== null && 'message' in message && !(message instanceof Error);

/** Nest's logger, written through pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log = (message: unknown, context?: string) => this.write('debug', message, { context });
  error = (message: unknown, stack?: string, context?: string) =>
    this.write('error', message, { context, stack });
  warn = (message: unknown, context?: string) => this.write('warn', message, { context });
  debug = (message: unknown, context?: string) => this.write('debug', message, { context });
  verbose = (message: unknown, context?: string) => this.write('trace', message, { context });

  private write(level: 'debug' | 'error' | 'trace' | 'warn', message: unknown, more: object): void {
    const { message: text, ...fields } = hasFields(message) ? message : { message: String(message) };
    this.logger[level]({ ...more, ...fields }, text);
  }
}

/** The logger of a request, whose lines contain the request's id. Undefined without `requestLogging`. */
export const requestLog = (req: IncomingMessage): Logger | undefined => (req as { log?: Logger }).log;
