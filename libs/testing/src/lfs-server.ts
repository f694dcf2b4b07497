/**
 * Git LFS as its specification has it: the batch API, which a git server answers below its repositories, and a store for contents
 * on a host of its own. It notes calls that the specification does not allow.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const MEDIA_TYPE = 'application/vnd.git-lfs+json';

interface Batch {
  operation: string;
  transfers?: string[];
  objects: { oid: string; size: number }[];
}

export interface LfsTestServer {
  /** Of the store, for GIT_TRUSTED_HOSTS. */
  host: string;
  /** Answers a request to the git server. @returns false: it is not for Git LFS */
  answer(req: IncomingMessage, res: ServerResponse): boolean;
  /** What it was asked: method, path, and the credential. */
  requests: { method: string; path: string; authorization: string | undefined }[];
  /** Calls that the specification does not allow. */
  wrong: string[];
  /** Stores contents. @returns the pointer that a repository holds */
  add(contents: string | Buffer): { oid: string; pointer: string };
  /** From now on downloads of an object lead here, with these headers. */
  redirect(oid: string, href: string, header?: Record<string, string>): void;
  /** From now on an object is answered with this instead of its contents. */
  spoil(oid: string, contents: string | number): void;
  stop(): Promise<void>;
}

export const pointerOf = (oid: string, size: number): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;

/** @param login that the batch API asks for */
export async function startLfsServer(login: { username: string; password: string }): Promise<LfsTestServer> {
  const objects = new Map<string, Buffer>();
  const elsewhere = new Map<string, { href: string; header?: Record<string, string> }>();
  const spoilt = new Map<string, string | number>();
  const requests: LfsTestServer['requests'] = [];
  const wrong: string[] = [];
  const wanted = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;

  function answerBatch(req: IncomingMessage, { operation, transfers, objects: asked }: Batch): object {
    for (const header of ['accept', 'content-type'] as const)
      if (req.headers[header] !== MEDIA_TYPE) wrong.push(`${header}: ${req.headers[header]}`);
    if (operation !== 'download' || transfers?.includes('basic') === false)
      wrong.push(`operation ${operation}`);
    if (asked.length === 0 || asked.length > 100) wrong.push(`${asked.length} objects`);
    return {
      transfer: 'basic',
      objects: asked.map(({ oid, size }) => {
        const contents = objects.get(oid);
        if (!contents) return { oid, size, error: { code: 404, message: 'Object does not exist' } };
        const href = `${origin}/objects/${oid}`;
        return { oid, size, actions: { download: elsewhere.get(oid) ?? { href } } };
      }),
    };
  }

  function note({ method = '', url: path = '', headers }: IncomingMessage): string {
    requests.push({ method, path, authorization: headers.authorization });
    return `${method} ${path}`;
  }

  function answer(req: IncomingMessage, res: ServerResponse): boolean {
    if (!req.url?.includes('/info/lfs/')) return false;
    const call = note(req);
    const object = /^GET .*\.git\/info\/lfs\/objects\/([0-9a-f]{64})$/.exec(call)?.[1];
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      if (object) return res.end(objects.get(object));
      if (!/^POST .*\.git\/info\/lfs\/objects\/batch$/.test(call)) wrong.push(call);
      if (req.headers.authorization !== wanted)
        return res.writeHead(401, { 'lfs-authenticate': 'Basic realm="Git LFS"' }).end();
      const body = answerBatch(req, JSON.parse(Buffer.concat(chunks).toString()) as Batch);
      return res.writeHead(200, { 'content-type': MEDIA_TYPE }).end(JSON.stringify(body));
    });
    return true;
  }

  const server = createServer((req, res) => {
    const [, oid = ''] = /^GET \/objects\/([0-9a-f]{64})$/.exec(note(req)) ?? [];
    const given = spoilt.get(oid) ?? objects.get(oid) ?? 404;
    if (typeof given === 'number') res.writeHead(given).end();
    else res.writeHead(200).end(given);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `http://${host}`;

  return {
    host,
    answer,
    requests,
    wrong,
    add(given) {
      const contents = Buffer.from(given);
      const oid = createHash('sha256').update(contents).digest('hex');
      objects.set(oid, contents);
      return { oid, pointer: pointerOf(oid, contents.length) };
    },
    redirect: (oid, href, header) => void elsewhere.set(oid, { href, ...(header && { header }) }),
    spoil: (oid, contents) => void spoilt.set(oid, contents),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
