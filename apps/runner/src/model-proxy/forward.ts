import type { IncomingMessage } from 'node:http';
import { pipeline as pipe, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Logger } from '@nestjs/common';
import {
  BROKEN_OFF,
  explainNoStream,
  explainRedirect,
  explainRefusal,
  type UpstreamRefusal,
} from './explain-upstream.js';
import { type ErrorFields, ModelCallError, readErrorBody } from './model-error.js';
import { ResponseTap } from './response-tap.js';
import { responseHeaders } from './upstream.js';
import { callUpstream, type ModelCall, prepareCall, type PreparedCall } from './upstream-call.js';

const MAX_ERROR_BYTES = 64 * 1024;
/** The only status after which Codex does not try again. */
const STATUS_WITHOUT_RETRY = 400;
const logger = new Logger('ModelProxy');

/**
 * Forwards one call and streams the response back with backpressure. The response never contains the key.
 * @throws ModelCallError when the upstream starts no event stream
 */
export async function forwardModelCall(request: ModelCall): Promise<void> {
  const prepared = await prepareCall(request);
  try {
    await forwardPrepared(request, prepared);
  } finally {
    prepared.reservation.finish();
  }
}

async function forwardPrepared(request: ModelCall, prepared: PreparedCall): Promise<void> {
  const { res, run, signal, upstream, call } = request;
  const { reservation } = prepared;
  const incoming = await callUpstream(request, prepared);
  // A server that refuses a request has not worked on it.
  if ((incoming.statusCode ?? 0) >= 300) reservation.markRefused();
  // The reader of the result gets the error.
  const redacted = upstream.redactor.isEmpty
    ? incoming
    : pipe(incoming, upstream.redactor.bytes(), () => undefined);
  await requireEventStream(incoming, redacted, request);
  const tap = new ResponseTap({
    onUsage: (usage) => {
      reservation.markUsed(usage);
      call.addUsage(usage);
      run.addUsage(usage);
    },
    onFailure: (error) => {
      if (!tap.hasOutput) reservation.markRefused();
      run.listener.onUpstreamError(explainRefusal({ ...error, status: 200 }, upstream));
    },
  });
  res.writeHead(incoming.statusCode ?? 200, responseHeaders(incoming.headers, upstream));
  res.flushHeaders();
  let brokenOff = false;
  incoming.once('error', () => (brokenOff = !signal.aborted));
  const passed = pipeline(redacted, res);
  redacted.once('data', () => call.recordFirstByte());
  redacted.on('data', (chunk: Buffer) => tapChunk(tap, chunk));
  await passed.catch(() => res.destroy());
  if (!tap.complete && (brokenOff || !signal.aborted)) run.listener.onUpstreamError(BROKEN_OFF);
}

/** An error of the tap must never disturb the response. */
function tapChunk(tap: ResponseTap, chunk: Buffer): void {
  try {
    tap.readChunk(chunk);
  } catch (error) {
    logger.error('a model response could not be tapped', error instanceof Error ? error.stack : undefined);
  }
}

/** Only an operator can fix these errors. Retries would only make the person wait for the same error. */
const needsOperator = ({ status, code, type }: UpstreamRefusal): boolean =>
  [401, 403, 404].includes(status) || [code, type].includes('insufficient_quota');

/** @throws ModelCallError with a message for a person, if the response is not an event stream */
async function requireEventStream(
  incoming: IncomingMessage,
  redacted: Readable,
  { upstream }: ModelCall,
): Promise<void> {
  const status = incoming.statusCode ?? 0;
  const isStream = (incoming.headers['content-type'] ?? '').startsWith('text/event-stream');
  if (status === 200 && isStream) return;
  if (status < 400) {
    incoming.destroy();
    const message = status >= 300 ? explainRedirect(upstream) : explainNoStream(upstream);
    throw new ModelCallError(
      { status: STATUS_WITHOUT_RETRY, message, type: 'server_error', code: 'bad_upstream' },
      true,
    );
  }
  const error: ErrorFields = readErrorBody(await readBeginning(redacted, MAX_ERROR_BYTES));
  const refusal: UpstreamRefusal = { ...error, status, retryAfter: incoming.headers['retry-after'] };
  const {
    'content-type': _,
    'content-encoding': __,
    ...headers
  } = responseHeaders(incoming.headers, upstream);
  throw new ModelCallError(
    {
      status: needsOperator(refusal) ? STATUS_WITHOUT_RETRY : status,
      message: explainRefusal(refusal, upstream),
      type: error.type,
      code: error.code,
      headers,
    },
    true,
  );
}

async function readBeginning(stream: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxBytes) break;
    }
  } catch {
    // The part of a broken body that arrived is still useful.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, maxBytes);
}
