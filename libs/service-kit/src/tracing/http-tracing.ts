import { HEADERS } from '@saas-codex/contracts/http';
import type { RequestHandler } from 'express';
import { QUIET_PATHS, routeOf } from '../http-routes.js';
import type { Tracing } from './tracing.js';

/**
 * Records a span for each request, until the end of its response. The request's `traceparent` header is replaced by that span,
 * so that everything which handles or forwards the request continues the trace.
 */
export const traceRequests =
  (tracing: Tracing): RequestHandler =>
  (req, res, next) => {
    if (QUIET_PATHS.includes(req.path)) return next();
    const parent = req.headers[HEADERS.traceparent];
    const span = tracing.beginSpan(req.method, {
      parent: typeof parent === 'string' ? parent : null,
      kind: 'server',
      attributes: { 'http.request.method': req.method, request_id: String(req.headers[HEADERS.requestId]) },
    });
    if (span.traceparent === null) delete req.headers[HEADERS.traceparent];
    else req.headers[HEADERS.traceparent] = span.traceparent;
    res.once('close', () => {
      const route = routeOf(req);
      span.rename(`${req.method} ${route}`);
      span.set({ 'http.route': route, 'http.response.status_code': res.statusCode });
      span.end(res.statusCode >= 500 ? `status ${res.statusCode}` : undefined);
    });
    next();
  };
