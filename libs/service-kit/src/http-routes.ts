import type { Request } from 'express';

/** Polled by machines every few seconds, and therefore neither logged nor traced. */
export const QUIET_PATHS = ['/health', '/metrics', '/ready'];

/** A request's route pattern, without ids. For a request that no controller handled, only the part of the site. */
export function routeOf(req: Request): string {
  const route = (req as { route?: { path?: unknown } }).route?.path;
  if (typeof route === 'string') return route;
  return req.originalUrl.startsWith('/api/') ? '/api/*' : '/*';
}
