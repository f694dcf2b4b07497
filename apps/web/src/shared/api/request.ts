import { HEADERS } from '@saas-codex/contracts/http';
import type { z } from 'zod';
import { randomId } from '../lib/random-id.js';
import { ApiError, readError } from './api-error.js';
import { apiUrl } from './shared-page.js';

/** Builds a path and escapes the values: `` path`/api/sessions/${id}` ``. */
export const path = (strings: TemplateStringsArray, ...values: string[]): string =>
  String.raw({ raw: strings }, ...values.map(encodeURIComponent));

interface RequestOptions<S extends z.ZodType> {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Without a schema the body of the answer is not read. */
  schema?: S;
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  /** For a POST. Pass one if the same request may be sent again. */
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** It is sent also when the page goes away. */
  keepalive?: boolean;
}

/**
 * Calls the API with the sign-in cookie and checks the answer against its contract.
 * @throws ApiError for a problem document, a lost connection or an answer that breaks the contract; nothing else
 */
export async function request<S extends z.ZodType = z.ZodVoid>(
  url: string,
  { method = 'GET', schema, query, body, headers, idempotencyKey, signal, keepalive }: RequestOptions<S> = {},
): Promise<z.infer<S>> {
  const response = await send(withQuery(apiUrl(url), query), {
    method,
    signal,
    keepalive,
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(method === 'POST' && { [HEADERS.idempotencyKey]: idempotencyKey ?? randomId() }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw await readError(response);
  if (!schema) return undefined as z.infer<S>;
  const result = schema.safeParse(await readJson(response, signal));
  if (!result.success) {
    console.error(`The answer of ${method} ${url} breaks its contract`, result.error);
    throw ApiError.local('unexpected_response', response.status);
  }
  return result.data;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw ApiError.local('network');
  }
}

/** The body; undefined if it is not JSON. An abort while reading stays an abort. */
async function readJson(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    return undefined;
  }
}

function withQuery(url: string, query: RequestOptions<z.ZodType>['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) search.set(name, String(value));
  }
  return search.size > 0 ? `${url}?${search}` : url;
}
