import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

/** The page that makes a GitHub App posts a form to GitHub, which may be anybody's Enterprise Server. */
const SENDS_FORMS = '/settings/github-app';

/**
 * Sets the security headers of every response. The policy lets the page load from this origin only, and allows no inline
 * scripts. Inline styles are allowed, because syntax colours and virtual lists use them.
 */
export function securityHeaders(publicUrl: URL) {
  const usual = headersWith(publicUrl, ["'self'"]);
  const sending = headersWith(publicUrl, ["'self'", 'https:', ...(isHttps(publicUrl) ? [] : ['http:'])]);
  return (req: Request, res: Response, next: NextFunction): void =>
    (req.path === SENDS_FORMS ? sending : usual)(req, res, next);
}

const isHttps = ({ protocol }: URL) => protocol === 'https:';

/** @param formTargets where a page may send forms */
function headersWith(publicUrl: URL, formTargets: string[]) {
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
        'form-action': formTargets,
        'frame-ancestors': ["'none'"],
      },
    },
    // With plain http, the browser would refuse whatever runs on this host next.
    strictTransportSecurity: isHttps(publicUrl),
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
