import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Logger } from 'pino';
import { ProblemError } from '../problem.js';
import { parseTarget } from './request-target.js';

/*
 * Answers what Node refuses before a request exists, in the form of every other error: a problem document with a request id.
 *
 *     the parser's errors, timeouts, too large headers    'clientError'        400, 408, 413, 431
 *     Expect: anything but 100-continue                   'checkExpectation'   417
 *     CONNECT                                             'connect'            405
 *     no Host header, no path                             left to `readTarget`
 */

/** How a connection that Node gave up is explained, by the code of its error. */
const PROBLEM_BY_CODE: Record<string, ProblemError> = {
  HPE_HEADER_OVERFLOW: new ProblemError('headers_too_large', 'Send fewer or shorter headers.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new ProblemError('payload_too_large', 'Send shorter chunk extensions.'),
  ERR_HTTP_REQUEST_TIMEOUT: new ProblemError('request_timeout', 'Send the whole request without pauses.'),
};
const MALFORMED = new ProblemError('invalid_request', 'This is not a well-formed HTTP/1.1 request.');
const NO_TUNNELS = new ProblemError('method_not_allowed', 'This is not a proxy.', {
  headers: { allow: 'GET' },
});
const NO_EXPECTATION = new ProblemError('expectation_failed', 'Leave the Expect header out.');

export function explainRefusals(server: Server, logger: Logger): void {
  // Node would answer without a body. `readTarget` refuses it instead.
  (server as Server & { requireHostHeader?: boolean }).requireHostHeader = false;
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', (req: IncomingMessage, res: ServerResponse) => {
    answers.set(req.socket, res);
    // Express itself would answer what has no path, in HTML. `readTarget` refuses this.
    if (!req.url?.startsWith('/') && !parseTarget(req.url ?? '')) req.url = '//';
  });
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    res.shouldKeepAlive = false;
    const { head, body } = written(NO_EXPECTATION, logger);
    res.writeHead(NO_EXPECTATION.status, head).end(body);
    req.resume();
  });
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => writeProblem(socket, NO_TUNNELS, logger));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const answer = answers.get(socket);
    const hasBegun = answer?.headersSent === true && !answer.writableFinished;
    // The client is gone, or has a part of another answer: nothing can be said to it.
    if (error.code === 'ECONNRESET' || !socket.writable || hasBegun) return void socket.destroy();
    writeProblem(socket, PROBLEM_BY_CODE[error.code ?? ''] ?? MALFORMED, logger);
  });
}

function writeProblem(socket: Duplex, problem: ProblemError, logger: Logger): void {
  const { head, body } = written(problem, logger);
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  const start = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`;
  socket.on('error', () => undefined);
  socket.end(`${[start, ...lines].join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function written(problem: ProblemError, logger: Logger): { head: Record<string, string>; body: string } {
  const requestId = randomUUID();
  logger.info({ request_id: requestId, status: problem.status }, 'refused before the request was read');
  const body = JSON.stringify(problem.toDocument({ requestId }));
  return {
    head: {
      ...problem.extra.headers,
      [HEADERS.requestId]: requestId,
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': `${Buffer.byteLength(body)}`,
      connection: 'close',
    },
    body,
  };
}
