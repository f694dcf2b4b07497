import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** A file of the built web app, in memory; the app is a few MB and does not change while the gateway runs. */
export interface WebFile {
  type: string;
  etag: string;
  /** The name has a hash of the content in it. */
  immutable: boolean;
  content: Buffer;
  /** Compressed when first asked for, then kept; null: compressing it is of no use. */
  encode: ((encoding: Encoding) => Promise<Buffer>) | null;
}

export type Encoding = 'br' | 'gzip';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.ico': 'image/x-icon',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
const COMPRESSED_ALREADY = new Set(['.png', '.webp', '.woff2', '.ico']);
const WORTH_COMPRESSING_BYTES = 1_024;
const HASHED_FOLDER = '/assets/';

/** The files below `root` by URL path. Only what is listed here is ever served, so no path can lead out of it. */
export async function readWebFiles(root: string): Promise<Map<string, WebFile>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(root, file).split(sep).join('/')}`;
      return [path, toWebFile(path, await readFile(file))] as const;
    });
  return new Map(await Promise.all(files));
}

function toWebFile(path: string, content: Buffer): WebFile {
  const extension = extname(path);
  const encode =
    COMPRESSED_ALREADY.has(extension) || content.length < WORTH_COMPRESSING_BYTES ? null : encoder(content);
  return {
    type: TYPES[extension] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    immutable: path.startsWith(HASHED_FOLDER),
    content,
    encode,
  };
}

/** Good, not best: the first visitor waits for it. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

function encoder(content: Buffer): (encoding: Encoding) => Promise<Buffer> {
  const made = new Map<Encoding, Promise<Buffer>>();
  return (encoding) => {
    const known = made.get(encoding);
    if (known) return known;
    const making = encoding === 'br' ? promisify(brotliCompress)(content, BROTLI) : promisify(gzip)(content);
    made.set(encoding, making);
    return making;
  };
}
