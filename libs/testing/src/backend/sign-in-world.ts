import type { CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { Tenant } from '@saas-codex/contracts/tenants';
import { SystemDatabase } from '../../../../apps/backend/src/database/system-database.js';
import { AUTH, type Auth } from '../../../../apps/backend/src/identity/better-auth.js';
import { createSignInToken, OWNER_EMAIL } from '../../../../apps/backend/src/identity/sign-in-links.js';
import { type MailServer, startMailServer } from '../mail-server.js';
import { startBackend, type TestBackend } from './backend.js';

export const PASSWORD = 'correct horse battery';

export const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
export const codeOf = async (answer: Response): Promise<[number, string]> => [
  answer.status,
  ((await answer.json()) as { code: string }).code,
];
export const tokenIn = (text: string): string => /#token=([\w-]+)/.exec(text)?.[1] ?? '';

/** An installation where anybody may sign up by mail, and how people use it. */
export class SignInWorld {
  private constructor(
    readonly mail: MailServer,
    /** Sends mail; anybody may sign up. */
    readonly backend: TestBackend,
    /** The same installation as another backend sees it that sends no mail. */
    readonly silent: TestBackend,
  ) {}

  static async start(): Promise<SignInWorld> {
    const mail = await startMailServer();
    const backend = await startBackend({ SMTP_URL: mail.url, SIGN_UP: 'open' });
    const { DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE } = backend.config;
    return new SignInWorld(mail, backend, await startBackend({ DATABASE_URL, REDIS_URL, OWNER_TOKEN_FILE }));
  }

  async stop(): Promise<void> {
    await this.silent.stop();
    await this.backend.stop();
    await this.mail.stop();
  }

  /** As the owner of the tables. */
  readonly sql = async <T>(statement: string, parameters: unknown[] = []): Promise<T[]> =>
    (await this.backend.app.get(SystemDatabase).pool.query(statement, parameters)).rows as T[];

  readonly send = (
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    of = this.backend,
  ): Promise<Response> =>
    fetch(of.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  readonly auth = (path: string, body: unknown, headers = {}, of = this.backend): Promise<Response> =>
    this.send('POST', `/api/auth/${path}`, body, headers, of);

  readonly signIn = (email: string, password: string, headers = {}, of = this.backend): Promise<Response> =>
    this.auth('sign-in/password', { email, password }, headers, of);

  /** Headers of a browser. */
  readonly asPerson = (cookie: string, of = this.backend) => ({ cookie, origin: of.url });

  readonly me = (cookie: string): Promise<Response> =>
    fetch(`${this.backend.url}/api/me`, { headers: { cookie } });

  /** Signs up by mail. @returns the cookie */
  readonly join = async (email: string, password = PASSWORD): Promise<string> => {
    await this.auth('sign-up', { email });
    const token = tokenIn((await this.mail.take(email)).text);
    const done = await this.auth('sign-up/complete', { token, name: 'Ada', password });
    if (done.status !== 204) throw new Error(`${email} could not sign up: ${await done.text()}`);
    return cookieOf(done);
  };

  /** Makes an API key in the tenant of the browser. @returns its headers */
  readonly apiKey = async (cookie: string) => {
    const made = await this.send('POST', '/api/api-keys', { name: 'spec' }, this.asPerson(cookie));
    return { authorization: `Bearer ${((await made.json()) as CreatedApiKey).key}` };
  };

  /** Makes an API key of the person in a tenant that it creates. The browser then is in that tenant. @returns its headers */
  readonly apiKeyInAnotherTenant = async (cookie: string) => {
    const as = this.asPerson(cookie);
    const made = (await (await this.send('POST', '/api/tenants', { name: 'Another' }, as)).json()) as Tenant;
    await this.send('POST', `/api/tenants/${made.tenant_id}/choose`, undefined, as);
    return this.apiKey(cookie);
  };

  readonly keyWorks = async (key: { authorization: string }): Promise<boolean> =>
    (await fetch(`${this.backend.url}/api/me`, { headers: key })).ok;

  /** Signs the owner in with a link. @returns the cookie */
  readonly owner = async (of = this.backend): Promise<string> => {
    const token = await createSignInToken(of.app.get<Auth>(AUTH), OWNER_EMAIL);
    return cookieOf(await this.auth('sign-in', { token }, {}, of));
  };
}
