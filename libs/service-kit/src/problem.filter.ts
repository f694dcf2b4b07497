import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { Request, Response } from 'express';
import { explainMissingRoute } from './http/allowed-methods.js';
import { requestLog } from './logging.js';
import { ProblemError } from './problem.js';
import { isRedisFull, isStoreOutage } from './store-outage.js';

/** Errors of Nest and Express by status. Any other status is an internal error. */
const CODE_BY_STATUS: Record<number, ProblemCode> = {
  400: 'invalid_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
};

const DETAIL_BY_CODE: Partial<Record<ProblemCode, string>> = {
  not_found: 'There is nothing at this address. The API is described at /api/docs.',
  payload_too_large: 'Send a smaller request.',
};

/** Converts any thrown value for the client. An unexpected one becomes `internal_error` and reveals nothing. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isStoreOutage(error)) {
    const headers = { 'retry-after': '5' };
    const again = 'Try again in a moment, with the same Idempotency-Key if the request has one.';
    const full = 'The event store has no memory left. If this persists, tell your operator.';
    const detail = isRedisFull(error) ? `${full} ${again}` : again;
    return new ProblemError('store_unavailable', detail, { headers });
  }
  const status = httpStatusOf(error);
  const code = status === undefined ? undefined : CODE_BY_STATUS[status];
  if (code === undefined) {
    return new ProblemError(
      'internal_error',
      'Try again. If the problem persists, give the request id to your operator.',
    );
  }
  return new ProblemError(code, DETAIL_BY_CODE[code] ?? sentenceOf(error));
}

/** Express's body parser throws http-errors (`status`, `expose`), Nest throws HttpException. */
function httpStatusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'status' in error && 'expose' in error && error.expose === true) {
    return Number(error.status);
  }
  return undefined;
}

const sentenceOf = (error: unknown) =>
  error instanceof Error && error.message ? error.message : 'The request is not valid.';

/** Sends every error as `application/problem+json`, and logs an unexpected one once, with its request id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const req = http.getRequest<Request>();
    sendProblem(req, http.getResponse<Response>(), explainMissingRoute(req, error));
  }
}

/** How problems are written, where clients expect another document than RFC 9457's. */
export interface ProblemFormat {
  type: string;
  describe: (problem: ProblemError) => object;
}

export function sendProblem(req: Request, res: Response, error: unknown, format?: ProblemFormat): void {
  const problem = toProblem(error);
  const { id } = req as { id?: string };
  if (problem.code === 'internal_error') requestLog(req)?.error({ err: error }, 'unexpected error');
  // Without a stack, because every request fails in the same way during an outage.
  if (isStoreOutage(error)) requestLog(req)?.warn(`a store does not answer: ${String(error)}`);
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const instance = req.originalUrl.split('?')[0];
  const document = format?.describe(problem) ?? problem.toDocument({ instance, requestId: id });
  res
    .status(problem.status)
    .set(problem.extra.headers ?? {})
    .type(format?.type ?? 'application/problem+json')
    .send(JSON.stringify(document));
}
