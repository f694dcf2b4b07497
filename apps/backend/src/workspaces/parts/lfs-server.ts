import { Inject, Injectable } from '@nestjs/common';
import { DestinationError, destinationOf, Destinations } from '@saas-codex/service-kit/network/destinations';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import type { ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { request } from 'undici';
import { z } from 'zod';
import { CONFIG, type Config } from '../../config.js';
import { connectionTo, sentenceOfFailure } from '../../outbound/checked-connection.js';
import { cloneProblem } from '../clones/clone-problems.js';
import type { RemoteCredential } from '../git/transport.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import type { LfsObject } from './lfs-pointers.js';

const MEDIA_TYPE = 'application/vnd.git-lfs+json';
/** Of the answer about up to `BATCH_SIZE` objects. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
/** Without a byte. */
const IDLE_MS = 30_000;
export const BATCH_SIZE = 100;

/** Where the contents of an object are. */
export interface LfsDownload {
  url: URL;
  headers: Record<string, string>;
}

const Action = z.object({
  href: z.string().max(10_000),
  header: z.record(z.string(), z.string()).optional(),
});
const Answer = z.object({
  transfer: z.string().optional(),
  objects: z.array(
    z.object({
      oid: z.string(),
      authenticated: z.boolean().optional(),
      actions: z.object({ download: Action.optional() }).optional(),
      error: z.object({ code: z.number().optional() }).optional(),
    }),
  ),
});
type AnsweredObject = z.infer<typeof Answer>['objects'][number];

/** What a connection is for, and how it is framed, is not a server's to say. */
const OWN_HEADERS = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te']);

/**
 * The Git LFS server of a repository, below the repository's own address: `.lfsconfig` is the repository's to choose, and is not
 * read. Its answers may lead to another host, which gets the headers that they name, and never our credential.
 *
 *     batch ─► where each object is ─► checked connection, no redirect ─► bytes
 */
@Injectable()
export class LfsServer {
  private readonly destinations: Destinations;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'GIT_TRUSTED_HOSTS'> & ProxySettings,
    resolver: HostResolver,
    private readonly limits: WorkspaceLimits,
  ) {
    this.destinations = new Destinations(config.GIT_TRUSTED_HOSTS, config, resolver);
  }

  /**
   * @param repoUrl normalised, https or http
   * @param objects at most `BATCH_SIZE`
   * @returns by oid; those that the server does not have are missing
   * @throws ProblemError clone_*
   */
  async find(
    repoUrl: string,
    credential: RemoteCredential | null,
    objects: readonly LfsObject[],
    signal: AbortSignal,
  ): Promise<Map<string, LfsDownload>> {
    const url = new URL(`${repoUrl.replace(/\.git$/, '')}.git/info/lfs/objects/batch`);
    const own: Record<string, string> =
      credential?.kind === 'token' ? { authorization: basic(credential.username, credential.password) } : {};
    const body = JSON.stringify({
      operation: 'download',
      transfers: ['basic'],
      hash_algo: 'sha256',
      objects: objects.map(({ oid, size }) => ({ oid, size })),
    });
    const headers = { ...own, accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE };
    const times = { signal, timeout: AbortSignal.timeout(this.limits.resolveMs) };
    const chunks: Buffer[] = [];
    for await (const chunk of this.read(url, { method: 'POST', headers, body }, MAX_ANSWER_BYTES, times))
      chunks.push(chunk);
    const answer = Answer.safeParse(jsonOf(Buffer.concat(chunks)));
    if (!answer.success || (answer.data.transfer ?? 'basic') !== 'basic')
      throw failed('Its Git LFS server gives an answer that is not understood.');
    const asked = new Set(objects.map(({ oid }) => oid));
    return new Map(
      answer.data.objects
        .filter(({ oid }) => asked.has(oid))
        .flatMap((object) => {
          const download = downloadOf(object, url.origin, own);
          return download ? [[object.oid, download] as const] : [];
        }),
    );
  }

  /** @param size of the object: more bytes are refused @throws ProblemError clone_* */
  download({ url, headers }: LfsDownload, size: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    return this.read(url, { method: 'GET', headers }, size, { signal });
  }

  private async *read(
    url: URL,
    options: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string },
    maxBytes: number,
    { signal, timeout }: { signal: AbortSignal; timeout?: AbortSignal },
  ): AsyncGenerator<Buffer> {
    try {
      const dispatcher = await connectionTo(url, this.destinations);
      try {
        const times = { headersTimeout: IDLE_MS, bodyTimeout: IDLE_MS };
        const ends = AbortSignal.any([signal, ...(timeout ? [timeout] : [])]);
        const { statusCode, body } = await request(url, { ...options, ...times, dispatcher, signal: ends });
        if (statusCode !== 200) throw problemOf(statusCode, url);
        let bytes = 0;
        for await (const chunk of body as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          if (bytes > maxBytes) throw failed('Its Git LFS server sends more than it should.');
          yield chunk;
        }
      } finally {
        await dispatcher.destroy();
      }
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      signal.throwIfAborted();
      if (timeout?.aborted) throw cloneProblem('clone_timeout');
      const code = error instanceof DestinationError ? 'clone_failed' : 'clone_unreachable';
      throw cloneProblem(code, sentenceOfFailure(error, url, 'Git LFS server', 'GIT_TRUSTED_HOSTS'));
    }
  }
}

function downloadOf(
  { authenticated, actions }: AnsweredObject,
  origin: string,
  own: Record<string, string>,
): LfsDownload | null {
  const action = actions?.download;
  if (!action || !URL.canParse(action.href)) return null;
  const url = new URL(action.href);
  if (!/^https?:$/.test(url.protocol) || destinationOf(url) === null || url.username || url.password)
    return null;
  const given = Object.entries(action.header ?? {})
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !OWN_HEADERS.has(name));
  const isOurs = url.origin === origin && authenticated !== true;
  return { url, headers: { ...(isOurs && own), ...Object.fromEntries(given) } };
}

function problemOf(status: number, { host }: URL): ProblemError {
  if (status === 401 || status === 403) return cloneProblem('clone_auth_failed');
  if (status === 429) return cloneProblem('clone_rate_limited');
  if (status === 404) return failed(`There is no Git LFS server for it, or no such object, at ${host}.`);
  return cloneProblem('clone_unreachable', `The Git LFS server at ${host} answers with status ${status}.`);
}

const failed = (sentence: string) => cloneProblem('clone_failed', sentence);
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
