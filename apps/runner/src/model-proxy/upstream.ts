import type { OutgoingHttpHeaders } from 'node:http';
import type { SystemInfo } from '@saas-codex/contracts/system';
import type { GrantedModelServer } from '@saas-codex/contracts/runner-api';
import type { Destination, Destinations } from '@saas-codex/service-kit/network/destinations';
import { NO_SECRETS, Redactor } from '../redaction/redactor.js';
import { OutboundProxy, type ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';

export type ModelSource = SystemInfo['model_source'];

export interface ModelProxySettings extends ProxySettings {
  /** The real key. This process sends it only to the upstream. */
  CODEX_API_KEY?: string | undefined;
  /** Root URL of a Responses-compatible server, for which the key is optional. */
  CODEX_BASE_URL?: string | undefined;
  /** Speed of the demo model: 1 is reading pace, 0 does not wait at all. */
  DEMO_PACE?: number | undefined;
  /** What organisations may name as their model server although it is private, or reached over plain http. */
  MODEL_TRUSTED_HOSTS?: readonly string[];
}

/** The model server that gets the calls. */
export interface Upstream {
  source: ModelSource;
  responsesUrl: URL;
  /** The real key. */
  apiKey: string | undefined;
  /** Of the key: some servers repeat it in their errors, and Codex stores errors where an agent can read them. */
  redactor: Redactor;
  /** The operator's proxy to it. null: none. */
  proxy: URL | null;
  /** Checks where its name leads before each call. null: the operator chose it, so it may be anywhere. */
  destinations: Destinations | null;
}

/** A shorter "key" is a dummy for local servers. It may be a common word, so removing it would damage responses. */
const MIN_KEY_CHARS = 16;
const OPENAI = 'https://api.openai.com/v1';

export function modelSourceOf(settings: ModelProxySettings): ModelSource {
  if (settings.CODEX_BASE_URL) return 'compatible';
  return settings.CODEX_API_KEY ? 'openai' : 'demo';
}

/**
 * @param baseUrl root URL of the API, usually ending in `/v1`; its query is kept
 * @param proxies the operator's
 */
export function upstreamAt(
  source: ModelSource,
  baseUrl = OPENAI,
  apiKey?: string,
  proxies: ProxySettings = {},
): Upstream {
  const responsesUrl = new URL(baseUrl);
  responsesUrl.pathname = `${responsesUrl.pathname.replace(/\/+$/, '')}/responses`;
  const scheme = responsesUrl.protocol.slice(0, -1);
  const isSecret = apiKey !== undefined && apiKey.length >= MIN_KEY_CHARS;
  const redactor = isSecret ? new Redactor([{ value: apiKey, replacement: '[key]' }]) : NO_SECRETS;
  const proxy = new OutboundProxy(proxies).proxyFor(scheme, targetOf(responsesUrl));
  return { source, responsesUrl, apiKey, redactor, proxy, destinations: null };
}

/** The organisation's own: it gets the calls of its runs, and no key but its own. */
export const upstreamOfOrganisation = (
  { base_url, api_key }: GrantedModelServer,
  destinations: Destinations,
  proxies: ProxySettings,
): Upstream => ({ ...upstreamAt('organisation', base_url, api_key, proxies), destinations });

export function targetOf({ protocol, hostname, port }: URL): Destination {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return { host, port: Number(port) || (protocol === 'http:' ? 80 : 443) };
}

/**
 * Headers of Codex 0.163 that are forwarded to the upstream. All others are dropped, above all `authorization` (the run's token)
 * and those that choose who pays, such as `openai-organization` and `openai-project`.
 */
const REQUEST_HEADERS = new Set([
  'accept',
  'originator',
  'session-id',
  'thread-id',
  'user-agent',
  'x-client-request-id',
  'x-codex-beta-features',
  'x-codex-parent-thread-id',
  'x-codex-turn-metadata',
  'x-codex-turn-state',
  'x-codex-window-id',
  'x-openai-internal-codex-responses-lite',
  'x-openai-subagent',
]);

/** Headers that are forwarded to Codex: no cookies, no connection handling, never the key. */
const RESPONSE_HEADERS = new Set(['content-type', 'content-encoding', 'retry-after', 'retry-after-ms']);
const RESPONSE_PREFIX = /^(x|openai)-/;

const pick = (headers: OutgoingHttpHeaders, isWanted: (name: string) => boolean): OutgoingHttpHeaders =>
  Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && isWanted(name)),
  );

/** Asks for an uncompressed response, so that the tap can read it. */
export const requestHeaders = (given: OutgoingHttpHeaders, { apiKey }: Upstream): OutgoingHttpHeaders => ({
  ...pick(given, (name) => REQUEST_HEADERS.has(name)),
  'content-type': 'application/json',
  'accept-encoding': 'identity',
  ...(apiKey && { authorization: `Bearer ${apiKey}` }),
});

export const responseHeaders = (given: OutgoingHttpHeaders, { apiKey }: Upstream): OutgoingHttpHeaders =>
  Object.fromEntries(
    Object.entries(pick(given, (name) => RESPONSE_HEADERS.has(name) || RESPONSE_PREFIX.test(name))).filter(
      ([, value]) => !apiKey || !String(value).includes(apiKey),
    ),
  );
