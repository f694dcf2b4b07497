import type { Request } from 'express';

/** The route's pattern, which has no ids in it. What no controller answered: which part of the address it is in. */
export function routeOf(req: Request): string {
  const route = (req as { route?: { path?: unknown } }).route?.path;
  if (typeof route === 'string') return route;
  return req.originalUrl.startsWith('/api/') ? '/api/*' : '/*';
}
