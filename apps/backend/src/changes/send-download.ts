import { StreamableFile } from '@nestjs/common';
import type { Response } from 'express';
import type { Download } from '../workspaces/storage/storage.js';

/** For `@ApiResponse`. */
export const downloadResponse = (type: string) => ({
  status: 200,
  description: 'To be saved, with `Content-Disposition: attachment`',
  content: { [type]: { schema: { type: 'string' as const, format: 'binary' } } },
});

/** A file of an agent: never shown by a browser, whatever it holds. */
export function sendDownload(res: Response, { name, content }: Download, type: string): StreamableFile {
  res.attachment(name);
  res.setHeader('content-type', type);
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('cache-control', 'no-store');
  return new StreamableFile(content, { type });
}
