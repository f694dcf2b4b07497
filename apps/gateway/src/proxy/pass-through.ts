import type { ClientRequest, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { requestLog } from '@saas-codex/service-kit/logging';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request, Response } from 'express';
import { endToEnd, upstreamHeaders } from './headers.js';
import { PATIENCE_MS, type Upstream } from './upstream.js';

const BODY_LIMIT_BYTES = 1024 * 1024;
const RETRYABLE_METHODS = new Set(['GET', 'HEAD']);

/**
 * Passes one request to a backend and its answer back, byte by byte and at once in both directions.
 *
 *     client goes away                 the request to the backend is aborted
 *     a backend takes no connection    another one is asked: nobody has seen the request
 *     it breaks without an answer      another one is asked if the request may be repeated, else 502
 *     it keeps silent                  the same, after PATIENCE_MS
 *     it dies in the middle            the connection to the client breaks, who goes on elsewhere
 *     no backend is left               502
 *     body above BODY_LIMIT_BYTES      413, whether its length was announced or not
 *
 * @throws ProblemError as long as the answer has not begun.
 */
export async function passThrough(
  upstream: Upstream,
  req: Request,
  res: Response,
  onAnswer: (answer: IncomingMessage) => void,
): Promise<void> {
  if (Number(req.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  const answer = await ask(upstream, req, res);
  if (!answer) return;
  onAnswer(answer);
  res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
  // An event stream's first byte may be a long way off.
  res.flushHeaders();
  // An error here is a side that went away in the middle; both are closed then, which is all there is to tell.
  pipeline(answer, res, () => undefined);
}

/** @returns a backend's answer; null when the client has gone. */
async function ask(upstream: Upstream, req: Request, res: Response): Promise<IncomingMessage | null> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const { method, originalUrl: path } = req;
  const options = { method, path, headers: upstreamHeaders(req), signal: gone.signal };
  try {
    return await upstream.send(options, {
      write: (request) => sendBody(req, request),
      repeatable: isRepeatable(req),
      patienceMs: PATIENCE_MS,
    });
  } catch (error) {
    if (gone.signal.aborted) return null;
    if (error instanceof ProblemError) throw error;
    requestLog(req)?.warn({ err: error }, 'no backend answers');
    throw new ProblemError('upstream_unavailable', 'The backend does not answer. Try again in a moment.');
  }
}

/** A body has gone with the first attempt that reached a backend. */
const isRepeatable = ({ method, headers }: Request): boolean =>
  RETRYABLE_METHODS.has(method) &&
  headers['content-length'] === undefined &&
  headers['transfer-encoding'] === undefined;

function sendBody(req: Request, request: ClientRequest): void {
  if (req.readableEnded) return void request.end();
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= BODY_LIMIT_BYTES) return;
    req.unpipe(request);
    // The rest is read and dropped: a client that is still sending would not see the answer otherwise.
    req.removeAllListeners('data').resume();
    request.destroy(tooLarge());
  });
  req.pipe(request);
}

const tooLarge = () =>
  new ProblemError(
    'payload_too_large',
    `A request may have ${BODY_LIMIT_BYTES / 1024 / 1024} MB. Send less.`,
  );
