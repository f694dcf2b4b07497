import type { ClientRequest, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { requestLog } from '@saas-codex/platform/logging';
import { ProblemError } from '@saas-codex/platform/problem';
import type { Request, Response } from 'express';
import { endToEnd, upstreamHeaders } from './headers.js';
import type { Upstream } from './upstream.js';

const BODY_LIMIT_BYTES = 1024 * 1024;
const RETRYABLE_METHODS = new Set(['GET', 'HEAD']);

/**
 * Passes one request to the backend and its answer back, byte by byte and at once in both directions.
 *
 *     client goes away             the request to the backend is aborted
 *     backend is away, or dies     502 while nothing was sent to the client, else the connection breaks
 *     body above BODY_LIMIT_BYTES  413, whether its length was announced or not
 *
 * @throws ProblemError as long as the answer has not begun.
 */
export async function passThrough(upstream: Upstream, req: Request, res: Response): Promise<void> {
  if (Number(req.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  const answer = await ask(upstream, req, res);
  if (!answer) return;
  res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
  // An event stream's first byte may be a long way off.
  res.flushHeaders();
  // An error here is a side that went away in the middle; both are closed then, which is all there is to tell.
  pipeline(answer, res, () => undefined);
}

/** @returns the backend's answer; null when the client has gone. */
async function ask(upstream: Upstream, req: Request, res: Response): Promise<IncomingMessage | null> {
  const options = { method: req.method, path: req.originalUrl, headers: upstreamHeaders(req) };
  for (let attempt = 1; ; attempt += 1) {
    const request = upstream.request(options);
    const abort = () => request.destroy();
    res.once('close', abort);
    try {
      return await exchange(request, req);
    } catch (error) {
      res.off('close', abort);
      if (res.destroyed) return null;
      if (error instanceof ProblemError) throw error;
      // A kept-alive connection that the backend was just closing: nobody has seen the request.
      if (attempt === 1 && request.reusedSocket && isRepeatable(req)) continue;
      requestLog(req)?.warn({ err: error }, 'the backend does not answer');
      throw new ProblemError('upstream_unavailable', 'The backend does not answer. Try again in a moment.');
    }
  }
}

/** A body has gone with the first attempt. */
const isRepeatable = ({ method, headers }: Request): boolean =>
  RETRYABLE_METHODS.has(method) &&
  headers['content-length'] === undefined &&
  headers['transfer-encoding'] === undefined;

function exchange(request: ClientRequest, req: Request): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Not once: a request may fail again after it was destroyed.
    request.on('error', reject);
    sendBody(req, request, () => {
      reject(tooLarge());
      request.destroy();
    });
  });
}

function sendBody(req: Request, request: ClientRequest, onTooLarge: () => void): void {
  if (req.readableEnded) return void request.end();
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= BODY_LIMIT_BYTES) return;
    req.unpipe(request);
    // The rest is read and dropped: a client that is still sending would not see the answer otherwise.
    req.removeAllListeners('data').resume();
    onTooLarge();
  });
  req.pipe(request);
}

const tooLarge = () =>
  new ProblemError(
    'payload_too_large',
    `A request may have ${BODY_LIMIT_BYTES / 1024 / 1024} MB. Send less.`,
  );
