import { Inject, Injectable, type NestMiddleware, type OnModuleInit } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { NextFunction, Request, Response } from 'express';
import { CONFIG, type Config } from '../config.js';
import { type Encoding, readWebFiles, type WebFile } from './web-files.js';

const INDEX = '/index.html';
/** The better one first. */
const ENCODINGS: readonly Encoding[] = ['br', 'gzip'];
const YEAR_S = 365 * 24 * 60 * 60;

/**
 * Serves the built web app. Hashed files may be kept for ever, all others are asked for anew (and answered 304); a
 * navigation to any other address gets the app's page, which finds its own way.
 */
@Injectable()
export class WebApp implements NestMiddleware, OnModuleInit {
  private files = new Map<string, WebFile>();

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async onModuleInit(): Promise<void> {
    if (this.config.WEB_ROOT) this.files = await readWebFiles(this.config.WEB_ROOT);
  }

  async use(req: Request, res: Response, next: NextFunction): Promise<void> {
    const file = this.files.get(pathOf(req)) ?? (isNavigation(req) ? this.files.get(INDEX) : undefined);
    if (!file) return next();
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      throw new ProblemError('method_not_allowed', 'This can only be read.', {
        headers: { Allow: 'GET, HEAD' },
      });
    }
    res.setHeader('Cache-Control', file.immutable ? `public, max-age=${YEAR_S}, immutable` : 'no-cache');
    res.setHeader('ETag', file.etag);
    res.setHeader('Vary', 'Accept-Encoding');
    if (req.fresh) return void res.status(304).end();
    const encoding = encodingOf(req);
    const body = encoding && file.encode ? await file.encode(encoding) : file.content;
    if (encoding && file.encode) res.setHeader('Content-Encoding', encoding);
    res.setHeader('Content-Type', file.type);
    res.setHeader('Content-Length', body.length);
    res.end(req.method === 'HEAD' ? undefined : body);
  }
}

function pathOf(req: Request): string {
  const path = req.originalUrl.split('?')[0] ?? '/';
  return path === '/' ? INDEX : path;
}

/** A person who opens an address, as opposed to a page that loads a file. */
const isNavigation = (req: Request): boolean =>
  (req.method === 'GET' || req.method === 'HEAD') && req.accepts(['json', 'html']) === 'html';

const encodingOf = (req: Request): Encoding | null =>
  ENCODINGS.find((encoding) => req.acceptsEncodings(encoding)) ?? null;
