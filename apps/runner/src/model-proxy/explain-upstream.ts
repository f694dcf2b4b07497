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

export function explainRefusal(refusal: UpstreamRefusal, upstream: Upstream): string {
  const { status, code } = refusal;
  const said = quote(refusal.message, upstream);
  if (status === 401 || code === 'invalid_api_key') return refusedKey(upstream);
  if (status === 403)
    return `The model server does not allow this${said} Check what the key in CODEX_API_KEY may do.`;
  if (isUnknownModel(refusal)) {
    return `The model server does not know this model${said} Choose another model, or set CODEX_MODEL.`;
  }
  if (code === 'insufficient_quota' || refusal.type === 'insufficient_quota') {
    return "The model account's credit or quota is used up. Add credit or raise its limit with the provider, then send the prompt again.";
  }
  if (code === 'context_length_exceeded') {
    return 'The conversation is longer than this model can read. Start a new session, or choose a model with a larger context.';
  }
  if (status === 429 || code === 'rate_limit_exceeded')
    return `The model server is limiting requests${waiting(refusal)}`;
  if (status === 404) {
    return `There is no Responses API at ${place(upstream)}. CODEX_BASE_URL must be the root of one, usually ending in /v1.`;
  }
  if (status >= 500 || code === 'server_error' || code === 'server_is_overloaded') {
    return `The model server has a problem of its own (${status === 200 ? code : status})${said} Send the prompt again later.`;
  }
  return `The model server refused the request (${status === 200 ? (code ?? 'error') : status})${said}`.trim();
}

export function explainUnreachable(error: unknown, upstream: Upstream): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const where = place(upstream);
  const check =
    upstream.source === 'openai'
      ? "Check the runner's network."
      : 'Check CODEX_BASE_URL and that the server is running.';
  if (upstream.proxy !== null && !/CERT|SIGNATURE|ALTNAME/.test(code))
    return `The model server at ${where} could not be reached through the proxy ${upstream.proxy.host}${code && ` (${code})`}. Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `The model server's name ${where} could not be resolved. ${check}`;
  if (code === 'ECONNREFUSED') return `Nothing answers at ${where}. ${check}`;
  if (/CERT|SIGNATURE|ALTNAME/.test(code))
    return `The certificate of ${where} is not trusted (${code}). NODE_EXTRA_CA_CERTS can name the file of its authority.`;
  return `The model server at ${where} could not be reached${code && ` (${code})`}. ${check}`;
}

export const explainRedirect = (upstream: Upstream): string =>
  `The model server at ${place(upstream)} redirects elsewhere, and the key is not sent there. Set CODEX_BASE_URL to the final address.`;

export const explainNoStream = (upstream: Upstream): string =>
  `The server at ${place(upstream)} did not answer with an event stream. CODEX_BASE_URL must be the root of a Responses API, usually ending in /v1.`;

export const BROKEN_OFF =
  'The model server broke off its answer. Codex tries again. If the problem persists, send the prompt again later.';

const place = ({ responsesUrl }: Upstream) => responsesUrl.host;

const refusedKey = ({ source, apiKey, responsesUrl }: Upstream) =>
  source === 'compatible' && !apiKey
    ? `The model server at ${responsesUrl.host} requires a key. Set CODEX_API_KEY to it.`
    : 'The model server refused the key. Set CODEX_API_KEY to a valid one and restart the runner.';

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
