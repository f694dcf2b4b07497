/*
 * Explains an error of the model server in a sentence for a person, with what to do. The server's own message is added only
 * where it helps, shortened and without the key: some servers repeat the key that they refuse.
 */
import type { ErrorFields } from './model-error.js';
import type { Upstream } from './upstream.js';

const MAX_QUOTE = 300;

/** An error of the upstream: an HTTP status, or an error event in the stream (status 200). */
export interface UpstreamRefusal extends ErrorFields {
  status: number;
  /** Seconds or a date, as the server sent it. */
  retryAfter?: string | undefined;
}

/** How a sentence names a model server, and what somebody can do about it: the operator, or an admin of the organisation. */
const WORDS = {
  operator: {
    server: 'The model server',
    key: 'Check what the key in CODEX_API_KEY may do.',
    model: 'Choose another model, or set CODEX_MODEL.',
    account: "The model account's",
    address: 'CODEX_BASE_URL must be the root of a Responses API, usually ending in /v1.',
    final: 'Set CODEX_BASE_URL to the final address.',
    reachable: 'Check CODEX_BASE_URL and that the server is running.',
  },
  organisation: {
    server: "Your organisation's model server",
    key: 'An admin can check what its key may do, and save another one in Settings → Models.',
    model: 'Choose a model that it has.',
    account: "Your organisation's model account's",
    address: 'Its address in Settings → Models must be the root of a Responses API, usually ending in /v1.',
    final: 'An admin can set the final address in Settings → Models.',
    reachable: 'An admin can check its address in Settings → Models, and that the server is running.',
  },
};
const wordsFor = ({ source }: Upstream) => WORDS[source === 'organisation' ? 'organisation' : 'operator'];

export function explainRefusal(refusal: UpstreamRefusal, upstream: Upstream): string {
  const { status, code } = refusal;
  const said = quote(refusal.message, upstream);
  const words = wordsFor(upstream);
  const { server } = words;
  if (status === 401 || code === 'invalid_api_key') return refusedKey(upstream);
  if (status === 403) return `${server} does not allow this${said} ${words.key}`;
  if (isUnknownModel(refusal)) return `${server} does not know this model${said} ${words.model}`;
  if (code === 'insufficient_quota' || refusal.type === 'insufficient_quota') {
    return `${words.account} credit or quota is used up. Add credit or raise its limit with the provider, then send the prompt again.`;
  }
  if (code === 'context_length_exceeded') {
    return 'The conversation is longer than this model can read. Start a new session, or choose a model with a larger context.';
  }
  if (status === 429 || code === 'rate_limit_exceeded')
    return `${server} is limiting requests${waiting(refusal)}`;
  if (status === 404) {
    return `There is no Responses API at ${place(upstream)}. ${words.address}`;
  }
  if (status >= 500 || code === 'server_error' || code === 'server_is_overloaded') {
    return `${server} has a problem of its own (${status === 200 ? code : status})${said} Send the prompt again later.`;
  }
  return `${server} refused the request (${status === 200 ? (code ?? 'error') : status})${said}`.trim();
}

export function explainUnreachable(error: unknown, upstream: Upstream): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const where = place(upstream);
  const { server, reachable } = wordsFor(upstream);
  const check = upstream.source === 'openai' ? "Check the runner's network." : reachable;
  if (upstream.proxy !== null && !/CERT|SIGNATURE|ALTNAME/.test(code))
    return `${server} at ${where} could not be reached through the proxy ${upstream.proxy.host}${code && ` (${code})`}. Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `${server}'s name ${where} could not be resolved. ${check}`;
  if (code === 'ECONNREFUSED') return `Nothing answers at ${where}. ${check}`;
  if (/CERT|SIGNATURE|ALTNAME/.test(code))
    return `The certificate of ${where} is not trusted (${code}). NODE_EXTRA_CA_CERTS can name the file of its authority.`;
  return `${server} at ${where} could not be reached${code && ` (${code})`}. ${check}`;
}

export const explainRedirect = (upstream: Upstream): string =>
  `${wordsFor(upstream).server} at ${place(upstream)} redirects elsewhere, and the key is not sent there. ${wordsFor(upstream).final}`;

export const explainNoStream = (upstream: Upstream): string =>
  `${wordsFor(upstream).server} at ${place(upstream)} did not answer with an event stream. ${wordsFor(upstream).address}`;

export const explainForbidden = (upstream: Upstream): string =>
  `${wordsFor(upstream).server} at ${place(upstream)} is in a private or reserved network, or has no TLS, so nothing is sent there. Only the operator can allow it, with MODEL_TRUSTED_HOSTS.`;

export const BROKEN_OFF =
  'The model server broke off its answer. Codex tries again. If the problem persists, send the prompt again later.';

const place = ({ responsesUrl }: Upstream) => responsesUrl.host;

function refusedKey({ source, apiKey, responsesUrl }: Upstream): string {
  if (source === 'organisation')
    return `Your organisation's model server at ${responsesUrl.host} refused the key. An admin can save a valid one in Settings → Models.`;
  return source === 'compatible' && !apiKey
    ? `The model server at ${responsesUrl.host} requires a key. Set CODEX_API_KEY to it.`
    : 'The model server refused the key. Set CODEX_API_KEY to a valid one and restart the runner.';
}

const isUnknownModel = ({ status, code, message }: UpstreamRefusal) =>
  code === 'model_not_found' || (status === 404 && /\bmodel\b/i.test(message));

const waiting = ({ retryAfter }: UpstreamRefusal) =>
  retryAfter !== undefined && /^\d+$/.test(retryAfter)
    ? `. Wait ${retryAfter} s, then send the prompt again.`
    : '. Wait a moment, then send the prompt again.';

/** Continues a sentence: `: "…".` with a message, `.` without one. */
function quote(message: string, { apiKey }: Upstream): string {
  const safe = apiKey ? message.replaceAll(apiKey, '[key]') : message;
  const short = safe.replace(/\s+/g, ' ').trim().slice(0, MAX_QUOTE);
  return short === '' ? '.' : `: "${short}".`;
}
