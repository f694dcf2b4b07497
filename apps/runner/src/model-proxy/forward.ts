import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Logger } from '@nestjs/common';
import {
  BROKEN_OFF,
  explainNoStream,
  explainRedirect,
  explainRefusal,
  type UpstreamRefusal,
} from './explain-upstream.js';
import { redactKey } from './redact-key.js';
import { type ErrorFields, ModelCallError, readErrorBody } from './model-error.js';
import { ResponseTap } from './response-tap.js';
import { responseHeaders } from './upstream.js';
import { callUpstream, type ModelCall } from './upstream-call.js';

const MAX_ERROR_BYTES = 64 * 1024;
/** The one status upon which Codex does not try again. */
const FINAL = 400;
const logger = new Logger('ModelProxy');

/**
 * Passes one call on and its answer back, that as a stream: nothing waits for the whole of it, and a slow reader slows
 * the upstream. What comes back never holds the key.
 * @throws ModelCallError when the upstream did not start an answer
 */
export async function forward(request: ModelCall): Promise<void> {
  const { res, run, signal, upstream, call, number } = request;
  const incoming = await callUpstream(request);
  const said = redactKey(incoming, upstream.apiKey);
  await refuseOddAnswers(incoming, said, request);
  const tap = new ResponseTap(number, {
    onDelta: (delta) => run.listener.onDelta(delta),
    onUsage: (usage) => {
      call.used(usage);
      run.meter(usage);
    },
    onFailure: (error) => run.listener.onUpstreamError(explainRefusal({ ...error, status: 200 }, upstream)),
  });
  res.writeHead(incoming.statusCode ?? 200, responseHeaders(incoming.headers, upstream));
  res.flushHeaders();
  let brokenOff = false;
  incoming.once('error', () => (brokenOff = !signal.aborted));
  const passed = pipeline(said, res);
  said.once('data', () => call.firstByte());
  said.on('data', (chunk: Buffer) => readAlong(tap, chunk));
  await passed.catch(() => res.destroy());
  if (!tap.complete && (brokenOff || !signal.aborted)) run.listener.onUpstreamError(BROKEN_OFF);
}

/** Reading along must never disturb what passes. */
function readAlong(tap: ResponseTap, chunk: Buffer): void {
  try {
    tap.push(chunk);
  } catch (error) {
    logger.error('a model answer could not be read along', error instanceof Error ? error.stack : undefined);
  }
}

/** Only an operator can mend these; asking again would keep the person waiting for the same answer. */
const isFinal = ({ status, code, type }: UpstreamRefusal): boolean =>
  [401, 403, 404].includes(status) || [code, type].includes('insufficient_quota');

/** Anything but a started event stream becomes an error whose message is meant for a person. */
async function refuseOddAnswers(
  incoming: IncomingMessage,
  said: Readable,
  { upstream }: ModelCall,
): Promise<void> {
  const status = incoming.statusCode ?? 0;
  const isStream = (incoming.headers['content-type'] ?? '').startsWith('text/event-stream');
  if (status === 200 && isStream) return;
  if (status < 400) {
    incoming.destroy();
    const message = status >= 300 ? explainRedirect(upstream) : explainNoStream(upstream);
    throw new ModelCallError({ status: FINAL, message, type: 'server_error', code: 'bad_upstream' }, true);
  }
  const error: ErrorFields = readErrorBody(await readSome(said, MAX_ERROR_BYTES));
  const refusal: UpstreamRefusal = { ...error, status, retryAfter: incoming.headers['retry-after'] };
  const {
    'content-type': _,
    'content-encoding': __,
    ...headers
  } = responseHeaders(incoming.headers, upstream);
  throw new ModelCallError(
    {
      status: isFinal(refusal) ? FINAL : status,
      message: explainRefusal(refusal, upstream),
      type: error.type,
      code: error.code,
      headers,
    },
    true,
  );
}

async function readSome(stream: Readable, maxBytes: number): Promise<string> {
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
