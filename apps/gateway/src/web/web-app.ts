import { sep } from 'node:path';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { NextFunction, Request, Response } from 'express';
import expressStaticGzip from 'express-static-gzip';
import { CONFIG, type Config } from '../config.js';

const INDEX = '/index.html';
/** Vite puts a hash of the content into the names of the files in this folder. */
const HASHED_FOLDER = `${sep}assets${sep}`;
const YEAR_S = 365 * 24 * 60 * 60;

/**
 * Serves the built web app, whose files the build has compressed. Browsers cache hashed files for a year and revalidate all
 * others. A navigation to any other address gets the app's page, which contains the router.
 */
@Injectable()
export class WebApp implements NestMiddleware {
  private readonly serve: ReturnType<typeof expressStaticGzip> | null;

  constructor(@Inject(CONFIG) { WEB_ROOT }: Config) {
    this.serve = WEB_ROOT ? serveFolder(WEB_ROOT) : null;
  }

  use(req: Request, res: Response, next: NextFunction): void {
    if (!this.serve) return next();
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      throw new ProblemError('method_not_allowed', 'The web app is read-only. Use GET.', {
        headers: { Allow: 'GET, HEAD' },
      });
    }
    const serve = this.serve;
    const { url } = req;
    const restoreUrl = (proceed: NextFunction) => () => {
      req.url = url;
      proceed();
    };
    const servePage = () => {
      req.url = INDEX;
      serve(req, res, restoreUrl(next));
    };
    // Express has removed the path at which this middleware is mounted, which is the whole path.
    req.url = pathOf(req);
    serve(req, res, restoreUrl(isNavigation(req) ? servePage : next));
  }
}

const serveFolder = (root: string) =>
  expressStaticGzip(root, {
    index: false,
    enableBrotli: true,
    orderPreference: ['br', 'gzip'],
    serveStatic: {
      cacheControl: false,
      redirect: false,
      setHeaders: (res, file) => {
        const isHashed = file.includes(HASHED_FOLDER);
        res.setHeader('Cache-Control', isHashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache');
      },
    },
  });

const pathOf = ({ originalUrl }: Request): string => {
  const path = originalUrl.split('?')[0];
  return path === '/' || path === undefined ? INDEX : path;
};

/** Whether a person opens an address, as opposed to a page that loads a file. */
const isNavigation = (req: Request): boolean => req.accepts(['json', 'html']) === 'html';
