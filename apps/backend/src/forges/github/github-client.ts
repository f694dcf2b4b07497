import { Octokit } from '@octokit/rest';
import type { ForgeConnection } from '../port/forge.js';
import { withGithubErrors } from './github-errors.js';

const GITHUB = 'https://github.com';
const GITHUB_API = 'https://api.github.com';

/** Of github.com, or of an Enterprise Server, whose API is below its own address. */
const apiOf = (url: string) => (url === GITHUB ? GITHUB_API : `${url}/api/v3`);

const nothing = () => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** GitHub's own client. Its calls throw `ForgeError`. @param login how it says who asks; nothing: it does not say */
export function githubClient(
  { url, fetchFor }: Pick<ForgeConnection, 'url' | 'fetchFor'>,
  login: ConstructorParameters<typeof Octokit>[0] = {},
): Octokit {
  const api = apiOf(url);
  const octokit = new Octokit({
    ...login,
    baseUrl: api,
    userAgent: 'saas-codex',
    request: { fetch: fetchFor(api) },
    // By default it writes addresses of repositories to the console.
    log: SILENT,
  });
  return withGithubErrors(octokit, new URL(url).host);
}
