import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { verify } from '@octokit/webhooks-methods';
import type { ForgeKind } from '@saas-codex/contracts/forges';
import { newsOf } from './forge-news.js';
import { gitlabNewsOf } from './gitlab-news.js';
import type { ForgeNews } from './pull-request-store.js';

export interface Report {
  headers: IncomingHttpHeaders;
  /** Of the body, as they came. */
  bytes: Buffer;
}

/** How the reports of one kind of forge are told from those of others, and read. */
interface Reports {
  /** Whether it comes from where the secret is known. */
  isGenuine(secret: string, report: Report): Promise<boolean> | boolean;
  newsOf(host: string, body: unknown): ForgeNews | null;
}

/** GitHub signs, Gitea does in the same header, and Bitbucket in another: `sha256=…` over the body. */
const SIGNATURE = 'x-hub-signature-256';
const BITBUCKET_SIGNATURE = 'x-hub-signature';
/** GitLab sends the secret itself, and signs nothing with it. */
const TOKEN = 'x-gitlab-token';

async function isSigned(
  secret: string,
  { headers, bytes }: Report,
  header: string = SIGNATURE,
): Promise<boolean> {
  const signature = textOf(headers, header);
  const text = bytes.toString('utf8');
  // What is not UTF-8 was changed by reading it, so its signature cannot be checked.
  if (text === '' || signature === '' || !Buffer.from(text).equals(bytes)) return false;
  return verify(secret, text, signature);
}

/** In constant time: digests have the same length, whatever was sent. */
const hasSecret = (secret: string, { headers }: Report): boolean =>
  timingSafeEqual(digestOf(secret), digestOf(textOf(headers, TOKEN)));

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

const textOf = (headers: IncomingHttpHeaders, name: string): string => [headers[name]].flat()[0] ?? '';

export const REPORTS: Record<ForgeKind, Reports> = {
  github: { isGenuine: isSigned, newsOf },
  gitlab: { isGenuine: hasSecret, newsOf: gitlabNewsOf },
  gitea: { isGenuine: isSigned, newsOf },
  bitbucket: {
    isGenuine: (secret, report) => isSigned(secret, report, BITBUCKET_SIGNATURE),
    newsOf,
  },
};
