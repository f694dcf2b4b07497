import { HEADERS } from '@saas-codex/contracts/http';
import type { RequestHandler } from 'express';
import { routeOf } from '../http-route.js';
import { QUIET_PATHS } from '../logging.js';
import type { Tracing } from './tracing.js';

/**
 * A span for each request, from its first byte to the end of its answer. From here on the request's own `traceparent` header
 * names that span, for whoever works on it or passes it on.
 */
export const traceRequests =
  (tracing: Tracing): RequestHandler =>
  (req, res, next) => {
    if (QUIET_PATHS.includes(req.path)) return next();
    const parent = req.headers[HEADERS.traceparent];
    const span = tracing.begin(req.method, {
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
