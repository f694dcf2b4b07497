import type { ClientRequest, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { HEADERS } from '@saas-codex/contracts/http';
import { isImageUpload } from '@saas-codex/contracts/images';
import { StreamPlaces } from '@saas-codex/event-log/sse/stream-places';
import { requestLog } from '@saas-codex/service-kit/logging';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request, Response } from 'express';
import { CONFIG, type Config } from '../config.js';
import { BackendClient, RESPONSE_TIMEOUT_MS } from './backend-client.js';
import { endToEnd, isEventStream, tenantOf, upstreamHeaders } from './headers.js';
import { ProxyMetrics } from './proxy-metrics.js';

const MEGABYTE = 1024 * 1024;
const MAX_LISTENERS = 20;
const RETRYABLE_METHODS = new Set(['GET', 'HEAD']);

/**
 * Forwards requests below /api to a backend, and the responses back, byte by byte and without delay. Only the backend decides
 * who the caller is and what exists.
 *
 *     the client disconnects                   the request to the backend is aborted
 *     a backend
 *       refuses the connection                 another one is tried: no backend has seen the request
 *       disconnects without a response         another one is tried if the request is repeatable, otherwise 502
 *       does not respond                       the same, after RESPONSE_TIMEOUT_MS
 *       disconnects within the response        the client's connection breaks, and the client reconnects
 *     no backend is left                       502
 *     the body is too large                    413, with or without an announced length: 1 MB, for an image MAX_IMAGE_MB
 */
@Injectable()
export class ApiProxy implements NestMiddleware {
  constructor(
    private readonly backend: BackendClient,
    private readonly metrics: ProxyMetrics,
    private readonly places: StreamPlaces,
    @Inject(CONFIG) private readonly config: Pick<Config, 'MAX_IMAGE_MB'>,
  ) {}

  /** @throws ProblemError until the response has begun */
  async use(req: Request, res: Response): Promise<void> {
    const megabytes = this.bodyLimit(req);
    if (Number(req.headers['content-length'] ?? 0) > megabytes * MEGABYTE) throw tooLarge(megabytes);
    const response = await this.forwardRequest(req, res);
    if (!response) return;
    this.takePlace(response, res);
    this.metrics.countResponse(req.method, response, res);
    const { [HEADERS.tenantId]: _, ...headers } = endToEnd(response.headers);
    res.writeHead(response.statusCode ?? 502, headers);
    // The first byte of an event stream may come much later.
    res.flushHeaders();
    // Logging, metrics, tracing, compression and the pipeline listen to each response: a few more than Node expects by default.
    res.setMaxListeners(MAX_LISTENERS);
    // An error means that one side has disconnected. Both are closed then, and there is nothing left to report.
    pipeline(response, res, () => undefined);
  }

  /** In megabytes. */
  private bodyLimit({ method, originalUrl }: Request): number {
    const [path = ''] = originalUrl.split('?', 1);
    return isImageUpload({ method, path }) ? Math.max(1, this.config.MAX_IMAGE_MB) : 1;
  }

  /** @throws ProblemError too_many_streams */
  private takePlace(response: IncomingMessage, res: Response): void {
    const isStream = isEventStream(response) && res.req.method !== 'HEAD';
    try {
      if (isStream) this.places.take(tenantOf(response), res);
    } catch (error) {
      response.destroy();
      throw error;
    }
  }

  /** @returns the response of a backend; null when the client has disconnected */
  private async forwardRequest(req: Request, res: Response): Promise<IncomingMessage | null> {
    const disconnected = new AbortController();
    res.once('close', () => disconnected.abort());
    const { method, originalUrl: path } = req;
    const options = { method, path, headers: upstreamHeaders(req), signal: disconnected.signal };
    try {
      return await this.backend.sendRequest(options, {
        write: (request) => sendBody(req, request, this.bodyLimit(req)),
        repeatable: isRepeatable(req),
        responseTimeoutMs: RESPONSE_TIMEOUT_MS,
      });
    } catch (error) {
      if (disconnected.signal.aborted) return null;
      if (error instanceof ProblemError) throw error;
      requestLog(req)?.warn({ err: error }, 'no backend responds');
      throw new ProblemError('upstream_unavailable', 'The backend does not respond. Try again in a moment.');
    }
  }
}

/** A request with a body is not repeatable: the first backend that is reached consumes the body. */
const isRepeatable = ({ method, headers }: Request): boolean =>
  RETRYABLE_METHODS.has(method) &&
  headers['content-length'] === undefined &&
  headers['transfer-encoding'] === undefined;

function sendBody(req: Request, request: ClientRequest, megabytes: number): void {
  if (req.readableEnded) return void request.end();
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= megabytes * MEGABYTE) return;
    req.unpipe(request);
    // Read and drop the rest: a client that is still sending would not see the response otherwise.
    req.removeAllListeners('data').resume();
    request.destroy(tooLarge(megabytes));
  });
  req.pipe(request);
}

const tooLarge = (megabytes: number) =>
  new ProblemError('payload_too_large', `A request body may have at most ${megabytes} MB here. Send less.`);
