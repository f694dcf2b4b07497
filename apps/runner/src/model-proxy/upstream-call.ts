import { once } from 'node:events';
import {
  Agent as HttpAgent,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { explainUnreachable } from './explain-upstream.js';
import type { ModelRun } from './model-access.js';
import type { ModelError } from './model-error.js';
import { requestHeaders, type Upstream } from './upstream.js';

/** A long conversation with pictures stays well below. */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;

const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };

/** A call that ends with an error answer. `reported`: the run's listener is told. */
export class ModelCallError extends Error {
  constructor(
    readonly answer: ModelError,
    readonly reported: boolean,
  ) {
    super(answer.message);
  }
}

const tooLarge = () =>
  new ModelCallError(
    {
      status: 413,
      message: 'The conversation is too large to send.',
      type: 'invalid_request_error',
      code: 'too_large',
    },
    true,
  );

export interface ModelCall {
  req: IncomingMessage;
  res: ServerResponse;
  run: ModelRun;
  upstream: Upstream;
  /** Number of the call within its run. */
  number: number;
  signal: AbortSignal;
}

/**
 * Sends a call to the upstream and answers once its answer begins. Node's client does not follow redirects, so the key
 * goes to the configured address only.
 * @throws ModelCallError when the request is too large or the upstream cannot be reached
 */
export async function callUpstream({ req, upstream, signal }: ModelCall): Promise<IncomingMessage> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) throw tooLarge();
  // A request that was given up forgets its socket.
  const { socket } = req;
  const url = upstream.responsesUrl;
  const secure = url.protocol === 'https:';
  const outgoing = (secure ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    headers: requestHeaders(req.headers, upstream),
    agent: secure ? agents['https:'] : agents['http:'],
    signal,
  });
  outgoing.on('socket', (connection) => {
    if (!connection.connecting) return;
    const timer = setTimeout(
      () => outgoing.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })),
      CONNECT_TIMEOUT_MS,
    );
    connection.once('connect', () => clearTimeout(timer));
    outgoing.once('close', () => clearTimeout(timer));
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  const limit = new ByteLimit(MAX_REQUEST_BYTES);
  pipeline(req, limit, outgoing).catch(() => outgoing.destroy());
  outgoing.on('error', () => undefined);
  try {
    return (await answered)[0];
  } catch (error) {
    if (limit.exceeded) throw tooLarge();
    if (signal.aborted || socket.destroyed) throw error;
    throw new ModelCallError(
      {
        status: 502,
        message: explainUnreachable(error, upstream),
        type: 'server_error',
        code: 'upstream_unreachable',
      },
      true,
    );
  }
}

/** Fails above `max` bytes, and remembers that it did: ClientRequest forgets why it was ended. */
class ByteLimit extends Transform {
  exceeded = false;
  private seen = 0;

  constructor(private readonly max: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.seen += chunk.length;
    this.exceeded = this.seen > this.max;
    if (this.exceeded) done(tooLarge());
    else done(null, chunk);
  }
}
