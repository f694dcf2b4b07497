import type { IncomingMessage, ServerResponse } from 'node:http';
import { responseTo } from '../sandbox/listener/response-to.js';
import { beginRequest } from './begin-request.js';
import { type CallReservation, reserveCall } from './call-reservation.js';
import { explainUnreachable } from './explain-upstream.js';
import type { ModelRun } from './model-access.js';
import { ModelCallError } from './model-error.js';
import { readRequestBody } from './request-body.js';
import type { CallTelemetry } from './model-telemetry.js';
import { requestHeaders, type Upstream } from './upstream.js';

const CONNECT_TIMEOUT_MS = 10_000;

export interface ModelCall {
  req: IncomingMessage;
  res: ServerResponse;
  run: ModelRun;
  upstream: Upstream;
  call: CallTelemetry;
  signal: AbortSignal;
}

/**
 * Sends a call to the upstream. Resolves when the response begins. Node's client does not follow redirects, so the key is sent
 * only to the configured address.
 * @throws ModelCallError when the upstream cannot be reached
 */
export async function callUpstream(
  { req, upstream, signal }: ModelCall,
  { body, reservation }: PreparedCall,
): Promise<IncomingMessage> {
  // An aborted request no longer has a socket.
  const { socket } = req;
  const outgoing = beginRequest(upstream, {
    method: 'POST',
    headers: { ...requestHeaders(req.headers, upstream), 'content-length': body.length },
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
  outgoing.once('finish', () => reservation.markSent());
  const response = responseTo(outgoing);
  outgoing.end(body);
  try {
    return await response;
  } catch (error) {
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

/** A request that may be sent, and what is reserved for it. */
export interface PreparedCall {
  body: Buffer;
  reservation: CallReservation;
}

/**
 * Reads and checks the request, without the run's secrets, and reserves its cost. Serialises the checked body again, because two JSON parsers may choose
 * differently between two fields of one name.
 * @throws ModelCallError when the request may not be sent
 */
export async function prepareCall({ req, run, upstream, signal }: ModelCall): Promise<PreparedCall> {
  const request = run.caller.redactor.redactAll(await permittedRequest(req, run));
  signal.throwIfAborted();
  const body = JSON.stringify(request);
  const isDemo = upstream.source === 'demo';
  const reservation = await reserveCall(run, request, body, { isDemo, signal });
  const { outputTokens } = reservation;
  const limited =
    outputTokens === null ? body : JSON.stringify({ ...request, max_output_tokens: outputTokens });
  return { body: Buffer.from(limited), reservation };
}

async function permittedRequest(req: IncomingMessage, run: ModelRun): Promise<Record<string, unknown>> {
  const request = await readRequestBody(req, run);
  const breach = run.findBreach(request);
  if (breach === null) {
    run.reportRejectedCommands(request['input']);
    return request;
  }
  if (breach.url !== undefined) run.reportRefusedUrl(breach.url);
  throw new ModelCallError(
    { status: 400, message: breach.sentence, type: 'invalid_request_error', code: 'not_allowed_here' },
    true,
  );
}
