import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { answerVersion } from './api-version.js';
import { refuseCrossSite } from './cross-site.js';
import { isFromGateway, originOf } from './gateway-mark.js';
import { RateLimits, type RateLimitSettings } from './rate-limits.js';
import { isApiPath } from './request-target.js';

/** Provider of the one `RateLimits` of an app. @param token injection token of the app's config */
export const rateLimits = (token: symbol) => ({
  provide: RateLimits,
  inject: [token],
  useFactory: (config: RateLimitSettings) => new RateLimits(config),
});

/**
 * What gateway and backend refuse at the API, each at its own port:
 *
 *     a request of another site     403
 *     more than the limits allow    429; a gateway has counted what it forwards
 *     an unknown API version        400
 */
export function protectApi(app: NestExpressApplication, { PUBLIC_URL }: { PUBLIC_URL: string }): void {
  const limits = app.get(RateLimits);
  app.use(forApi(refuseCrossSite(PUBLIC_URL, originOf)));
  app.use(forApi((req, res, next) => (isFromGateway(req) ? next() : limits.limitRequest(req, res, next))));
  app.use(forApi(answerVersion));
}

type Middleware = (req: Request, res: Response, next: NextFunction) => unknown;

/** Not `app.use('/api', …)`, which would take the path's beginning away from the middleware. */
const forApi =
  (middleware: Middleware): Middleware =>
  (req, res, next) =>
    isApiPath(req.path) ? middleware(req, res, next) : next();
