import { z } from 'zod';
import type { ForgeConnection } from '../port/forge.js';
import { ForgeError, forgeErrorOf } from '../port/forge-error.js';
import type { Listed, RepositoryRef } from '../port/repositories.js';
import { namesOf } from '../port/repository-names.js';

const BITBUCKET = 'https://bitbucket.org';
const BITBUCKET_API = 'https://api.bitbucket.org/2.0';

/** Enough for every list that a person looks through. */
const MAX_PAGES = 10;

type Query = Readonly<Record<string, string | number | readonly string[]>>;

const Page = z.object({ values: z.array(z.unknown()), next: z.string().optional() });

const Refused = z.object({ error: z.object({ message: z.string(), detail: z.unknown().optional() }) });
/** `detail` where the token may not. */
const Lacking = z.object({ required: z.array(z.string()) });

/** Calls of the API of Bitbucket Cloud with one token. Every method throws `ForgeError`. There is no client of theirs that is kept. */
export class BitbucketClient {
  /** As people know the forge. */
  readonly host: string;
  private readonly api: string;
  private readonly token: string;
  private readonly fetch: typeof fetch;

  constructor({ url, token, fetchFor }: ForgeConnection) {
    this.host = new URL(url).host;
    this.api = url === BITBUCKET ? BITBUCKET_API : `${url}/2.0`;
    this.token = token;
    this.fetch = fetchFor(this.api);
  }

  async get<T>(schema: z.ZodType<T>, path: string, query: Query = {}): Promise<T> {
    const answer = await this.ask('GET', this.addressOf(path, query));
    return this.parse(schema, answer.data);
  }

  async send<T>(schema: z.ZodType<T>, method: 'POST' | 'PUT', path: string, body: object): Promise<T> {
    const answer = await this.ask(method, this.addressOf(path), body);
    return this.parse(schema, answer.data);
  }

  /** All pages of a list, up to a bound. */
  async all<T>(schema: z.ZodType<T>, path: string, query: Query): Promise<Listed<T>> {
    const items: T[] = [];
    let address = this.addressOf(path, query);
    for (let page = 0; page < MAX_PAGES; page++) {
      const { data } = await this.ask('GET', address);
      const { values, next } = this.parse(Page, data);
      items.push(...this.parse(z.array(schema), values));
      if (next === undefined) return { items, isComplete: true };
      address = next;
    }
    return { items, isComplete: false };
  }

  /** Its first page only. */
  async first<T>(schema: z.ZodType<T>, path: string, query: Query): Promise<T[]> {
    const { values } = await this.get(z.object({ values: z.array(schema) }), path, query);
    return values;
  }

  /** What the token may do, as each answer says. null: this one did not. */
  async scopes(path: string, query: Query): Promise<string[] | null> {
    const { headers } = await this.ask('GET', this.addressOf(path, query));
    const scopes = headers.get('x-oauth-scopes');
    return scopes === null ? null : scopes.split(',').map((scope) => scope.trim());
  }

  private addressOf(path: string, query: Query = {}): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      for (const one of [value].flat()) search.append(name, String(one));
    return search.size === 0 ? this.api + path : `${this.api}${path}?${search.toString()}`;
  }

  private async ask(method: string, address: string, body?: object) {
    const answer = await this.fetch(address, {
      method,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${this.token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const data = jsonOf(await answer.text());
    // What is no JSON, such as the page of a proxy with the status 200.
    if (answer.ok && data === undefined)
      throw new ForgeError(
        'unavailable',
        `${this.host} did not answer as Bitbucket does. Check its address.`,
      );
    if (answer.ok) return { data, headers: answer.headers };
    throw forgeErrorOf(this.host, {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      message: wordsOf(data),
    });
  }

  private parse<T>(schema: z.ZodType<T>, data: unknown): T {
    const read = schema.safeParse(data);
    if (read.success) return read.data;
    throw new ForgeError('unavailable', `${this.host} gave an answer that cannot be read. Try again later.`);
  }
}

/** undefined: it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bitbucket's sentence, and the scopes that a token lacks. */
function wordsOf(data: unknown): string {
  const refused = Refused.safeParse(data).data;
  if (!refused) return '';
  const { message, detail } = refused.error;
  const lacks = Lacking.safeParse(detail).data;
  return lacks ? `${message} Required: ${lacks.required.join(', ')}.` : message;
}

/** null in place of `not_found`. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ForgeError && error.reason === 'not_found') return null;
    throw error;
  }
}

/** Where a repository is in the API. */
export function pathOf(ref: RepositoryRef): string {
  const { owner, repo } = namesOf(ref);
  return `/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`;
}

/** A text in a filter. */
export const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
