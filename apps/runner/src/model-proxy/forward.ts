import { once } from 'node:events';
import {
  Agent as HttpAgent,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  BROKEN_OFF,
  explainNoStream,
  explainRedirect,
  explainRefusal,
  explainUnreachable,
  type Refusal,
} from './explain-upstream.js';
import type { ModelRun } from './model-access.js';
import { type ErrorFields, type ModelError, readErrorBody } from './model-error.js';
import { ResponseTap } from './response-tap.js';
import { requestHeaders, responseHeaders, type Upstream } from './upstream.js';

/** A long conversation with pictures stays well below. */
export const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;
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
 * Passes one call on and its answer back, both as streams: nothing waits for a whole body, and a slow reader slows the
 * upstream. Node's client does not follow redirects, so the key goes to the configured address only.
 * @throws ModelCallError when the upstream did not start an answer
 */
export async function forward(call: ModelCall): Promise<void> {
  const incoming = await callUpstream(call);
  await refuseOddAnswers(incoming, call);
  const { req, res, run, signal, upstream } = call;
  const tap = new ResponseTap(call.number, {
    onDelta: (delta) => run.listener.onDelta(delta),
    onUsage: (usage) => run.meter(usage),
    onFailure: (error) => run.listener.onUpstreamError(explainRefusal({ ...error, status: 200 }, upstream)),
  });
  res.writeHead(incoming.statusCode ?? 200, responseHeaders(incoming.headers));
  res.flushHeaders();
  const passed = pipeline(incoming, res);
  incoming.on('data', (chunk: Buffer) => tap.push(chunk));
  await passed.catch(() => req.socket.destroy());
  if (!tap.complete && !signal.aborted) run.listener.onUpstreamError(BROKEN_OFF);
}

async function callUpstream({ req, upstream, signal }: ModelCall): Promise<IncomingMessage> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) throw tooLarge();
  const url = upstream.responsesUrl;
  const secure = url.protocol === 'https:';
  const outgoing = (secure ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    headers: requestHeaders(req.headers, upstream),
    agent: secure ? agents['https:'] : agents['http:'],
    signal,
  });
  outgoing.on('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(
      () => outgoing.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })),
      CONNECT_TIMEOUT_MS,
    );
    socket.once('connect', () => clearTimeout(timer));
    outgoing.once('close', () => clearTimeout(timer));
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  pipeline(req, limitBytes(MAX_REQUEST_BYTES), outgoing).catch((error: Error) => outgoing.destroy(error));
  outgoing.on('error', () => undefined);
  try {
    return (await answered)[0];
  } catch (error) {
    if (error instanceof ModelCallError || signal.aborted) throw error;
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

const limitBytes = (max: number) => {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > max) done(tooLarge());
      else done(null, chunk);
    },
  });
};

/** Anything but a started event stream becomes an error whose message is meant for a person. */
async function refuseOddAnswers(incoming: IncomingMessage, { upstream }: ModelCall): Promise<void> {
  const status = incoming.statusCode ?? 0;
  const isStream = (incoming.headers['content-type'] ?? '').startsWith('text/event-stream');
  if (status === 200 && isStream) return;
  if (status < 400) {
    incoming.destroy();
    const message = status >= 300 ? explainRedirect(upstream) : explainNoStream(upstream);
    throw new ModelCallError({ status: 502, message, type: 'server_error', code: 'bad_upstream' }, true);
  }
  const error: ErrorFields = readErrorBody(await readSome(incoming, MAX_ERROR_BYTES));
  const refusal: Refusal = { ...error, status, retryAfter: incoming.headers['retry-after'] };
  const { 'content-type': _, 'content-encoding': __, ...headers } = responseHeaders(incoming.headers);
  throw new ModelCallError(
    { status, message: explainRefusal(refusal, upstream), type: error.type, code: error.code, headers },
    true,
  );
}

async function readSome(stream: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxBytes) break;
    }
  } catch {
    // A body that broke off still says what it said so far.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, maxBytes);
}
