import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

/**
 * Sets the security headers of every response. The policy lets the page load from this origin only, and allows no inline
 * scripts. Inline styles are allowed, because syntax colours and virtual lists use them.
 */
export function securityHeaders(publicUrl: URL) {
  const https = publicUrl.protocol === 'https:';
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'worker-src': ["'self'"],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // With plain http, the browser would refuse whatever runs on this host next.
    strictTransportSecurity: https,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'same-origin' },
  });
}

/** The pages of links to sessions: no search engine lists them, and no other site learns their addresses. */
export function hideSharedPages({ path }: Request, res: Response, next: NextFunction): void {
  if (path.startsWith('/shared/')) {
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('X-Robots-Tag', 'noindex');
  }
  next();
}
