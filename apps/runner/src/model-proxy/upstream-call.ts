import type { IncomingMessage, ServerResponse } from 'node:http';
import { DestinationError } from '@saas-codex/service-kit/network/destinations';
import { responseTo } from '../sandbox/listener/response-to.js';
import { beginRequest } from './begin-request.js';
import { type CallReservation, reserveCall } from './call-reservation.js';
import { explainForbidden, explainUnreachable } from './explain-upstream.js';
import type { ModelRun } from './model-access.js';
import { ModelCallError } from './model-error.js';
import { readRequestBody } from './request-body.js';
import type { CallTelemetry } from './model-telemetry.js';
import { requestHeaders, targetOf, type Upstream } from './upstream.js';

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
  const addresses = await checkedAddresses(upstream);
  signal.throwIfAborted();
  const outgoing = beginRequest(upstream, addresses, {
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

/** Asked for each call, since a name may lead elsewhere by then. @throws ModelCallError when nothing may connect there */
async function checkedAddresses(upstream: Upstream): Promise<string[] | null> {
  const { destinations, responsesUrl, proxy } = upstream;
  if (destinations === null) return null;
  const target = targetOf(responsesUrl);
  try {
    if (responsesUrl.protocol === 'http:' && !destinations.isTrusted(target))
      throw new DestinationError('address_not_public');
    return await destinations.addressesOf(target, proxy);
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    const isUnknown = error.reason === 'host_unknown';
    throw new ModelCallError(
      {
        status: isUnknown ? 502 : 400,
        message: isUnknown ? explainUnreachable({ code: 'ENOTFOUND' }, upstream) : explainForbidden(upstream),
        type: 'server_error',
        code: isUnknown ? 'upstream_unreachable' : 'upstream_forbidden',
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
