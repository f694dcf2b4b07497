import compression from 'compression';
import type { Request, Response } from 'express';

/**
 * Compresses answers of the backend that are text, with brotli or gzip. Event streams stay as they are: a compressor would hold
 * back their events. Entity tags name the bytes before compression.
 */
export const compressAnswers = compression({
  filter: (req: Request, res: Response) =>
    !String(res.getHeader('content-type')).startsWith('text/event-stream') && compression.filter(req, res),
});
