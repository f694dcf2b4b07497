import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import { HEADERS } from '@saas-codex/contracts/http';
import { SENSITIVE } from '@saas-codex/contracts/setting-readers';
import { pino, type DestinationStream, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { traceIdOf } from './tracing/tracing.js';

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

/** Logs JSON lines with the service's name, to stdout by default. */
export const createLogger = (service: string, level: string, destination?: DestinationStream): Logger =>
  pino({ base: { service }, level, redact: { paths: REDACT, remove: true } }, destination);

/** Asked every few seconds, by machines. */
export const QUIET_PATHS = ['/health', '/metrics', '/ready'];
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
    customProps: (req) => ({ request_id: req.id, trace_id: traceIdOf(req.headers[HEADERS.traceparent]) }),
    serializers: {
      req: (req) => ({ id: req.id, method: req.method, path: String(req.url).split('?')[0] }),
      res: (res) => ({ status: res.statusCode }),
    },
    autoLogging: { ignore: (req) => QUIET_PATHS.includes(req.url ?? '') },
    customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'warn' : 'info'),
  });

/** A line with fields besides its text: `logger.warn({ message: 'it was lost', run_id })`. */
interface Fields {
  message: string;
  [field: string]: unknown;
}

const isFields = (message: unknown): message is Fields =>
  typeof message === 'object' && message !== null && 'message' in message && !(message instanceof Error);

/** Lets Nest's own messages go through pino, and those of ours that have fields. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log = (message: unknown, context?: string) => this.write('debug', message, { context });
  error = (message: unknown, stack?: string, context?: string) =>
    this.write('error', message, { context, stack });
  warn = (message: unknown, context?: string) => this.write('warn', message, { context });
  debug = (message: unknown, context?: string) => this.write('debug', message, { context });
  verbose = (message: unknown, context?: string) => this.write('trace', message, { context });

  private write(level: 'debug' | 'error' | 'trace' | 'warn', message: unknown, more: object): void {
    const { message: text, ...fields } = isFields(message) ? message : { message: String(message) };
    this.logger[level]({ ...more, ...fields }, text);
  }
}

/** The logger of one request: its lines carry the request's id. Undefined where `requestLogging` is not in use. */
export const requestLog = (req: IncomingMessage): Logger | undefined => (req as { log?: Logger }).log;
