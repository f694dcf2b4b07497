import { Inject, Injectable } from '@nestjs/common';
import { ClientSecretPost, Configuration, customFetch, fetchProtectedResource } from 'openid-client';
import { z } from 'zod';
import { CONFIG, type Config } from '../../../config.js';
import { ProviderFetch } from './provider-fetch.js';
import type { ProviderClaims } from './provider-person.js';
import { githubGroup, githubSettings, type ProviderSettings } from './provider-settings.js';
import {
  httpAllowance,
  PROVIDER_TIMEOUT_S,
  type ProviderTokens,
  SignInProvider,
} from './sign-in-provider.js';

const API_VERSION = '2022-11-28';
/** The most that GitHub gives at once. */
const PAGE_SIZE = 100;
/** Nobody waits for more. Who is in more groups than fit is refused, instead of judged by some of them. */
const MAX_PAGES = 20;

const User = z.object({ id: z.int().positive(), login: z.string(), name: z.string().nullish() });
const Email = z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() });
const Organisation = z.object({ login: z.string() });
const Team = z.object({ slug: z.string(), organization: Organisation });

/**
 * GitHub, which knows OAuth 2 and no ID tokens: what it says of a person is asked for at its API, with the person's token.
 *
 *     /user          the number of the account, which stays when its name changes hands
 *     /user/emails   the primary address, if it is verified
 *     /user/orgs, /user/teams   the groups: `organisation` and `organisation/team`; asked for only if the rules name some
 */
@Injectable()
export class GithubProvider extends SignInProvider {
  protected readonly hasIdTokens = false;

  /** @throws ConfigError */
  constructor(
    @Inject(CONFIG) config: Config,
    private readonly outbound: ProviderFetch,
  ) {
    super('github', config.PUBLIC_URL, githubSettings(config));
  }

  protected scopesAt(): string[] {
    return ['read:user', 'user:email', ...(this.needsGroups ? ['read:org'] : [])];
  }

  protected server(): Promise<Configuration> {
    return Promise.resolve(configurationFor(this.requireSettings(), this.outbound));
  }

  protected async describePerson(server: Configuration, { access_token: token }: ProviderTokens) {
    const api = apiOf(this.requireSettings().url);
    const read = (path: string, page?: number) => this.read(server, token, api, path, page);
    const all = <T>(path: string, schema: z.ZodType<T>) => readAll(schema, (page) => read(path, page));
    const [user, emails, organisations, teams] = await Promise.all([
      read('/user').then((answer) => User.parse(answer)),
      all('/user/emails', Email),
      this.needsGroups ? all('/user/orgs', Organisation) : [],
      this.needsGroups ? all('/user/teams', Team) : [],
    ]);
    const claims: ProviderClaims = {
      issuer: server.serverMetadata().issuer,
      subject: String(user.id),
      provedEmail: emails.find(({ primary, verified }) => primary && verified)?.email,
      name: user.name ?? user.login,
      groups: [
        ...organisations.map(({ login }) => githubGroup(login)),
        ...teams.map(({ slug, organization }) => githubGroup(`${organization.login}/${slug}`)),
      ],
    };
    return claims;
  }

  private async read(server: Configuration, token: string, api: string, path: string, page?: number) {
    const url = new URL(`${api}${path}`);
    if (page !== undefined) url.search = `per_page=${PAGE_SIZE}&page=${page}`;
    const headers = new Headers({
      accept: 'application/vnd.github+json',
      'x-github-api-version': API_VERSION,
      'user-agent': 'saas-codex',
    });
    const answer = await fetchProtectedResource(server, token, url, 'GET', undefined, headers);
    if (!answer.ok) throw new Error(`GitHub answered ${answer.status} to ${path}`);
    return answer.json();
  }
}

function configurationFor(settings: ProviderSettings, outbound: ProviderFetch): Configuration {
  const { url, clientId, clientSecret } = settings;
  const base = url.href.replace(/\/+$/, '');
  const configuration = new Configuration(
    {
      // The name by which GitHub calls itself in its metadata.
      issuer: `${base}/login/oauth`,
      authorization_endpoint: `${base}/login/oauth/authorize`,
      token_endpoint: `${base}/login/oauth/access_token`,
    },
    clientId,
    undefined,
    ClientSecretPost(clientSecret),
  );
  configuration[customFetch] = outbound.fetch;
  configuration.timeout = PROVIDER_TIMEOUT_S;
  for (const allow of httpAllowance(url)) allow(configuration);
  return configuration;
}

/** Of github.com and of companies at ghe.com, the API has a host of its own; of an Enterprise Server, a path. */
function apiOf({ protocol, host, hostname, href }: URL): string {
  const hasApiHost = hostname === 'github.com' || hostname.endsWith('.ghe.com');
  return hasApiHost ? `${protocol}//api.${host}` : `${href.replace(/\/+$/, '')}/api/v3`;
}

async function readAll<T>(schema: z.ZodType<T>, read: (page: number) => Promise<unknown>): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const part = z.array(schema).parse(await read(page));
    found.push(...part);
    if (part.length < PAGE_SIZE) return found;
  }
  throw new Error(`GitHub has more than ${MAX_PAGES * PAGE_SIZE} entries`);
}
