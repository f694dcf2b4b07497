import type { Octokit } from '@octokit/rest';
import { RequestError } from '@octokit/request-error';
import { ForgeError, forgeErrorOf } from '../port/forge-error.js';

/** Makes every call of the client throw `ForgeError` instead of its own. @returns the client */
export function withGithubErrors(octokit: Octokit, host: string): Octokit {
  octokit.hook.error('request', (error) => {
    if (!(error instanceof RequestError)) throw error;
    if (error.cause instanceof ForgeError) throw error.cause;
    const { response, status, message } = error;
    throw forgeErrorOf(host, {
      status,
      headers: response?.headers ?? {},
      message: wordsOf(response?.data) ?? message,
    });
  });
  octokit.hook.after('request', ({ data }) => {
    // Such as the page of a proxy, with the status 200.
    if (typeof data === 'string' && data !== '')
      throw new ForgeError('unavailable', `${host} did not answer as GitHub does. Check its address.`);
  });
  return octokit;
}

/** GitHub's sentence, and what it says about fields, without the link that it adds. */
function wordsOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('message' in data)) return null;
  const { message, errors } = data as { message: unknown; errors?: unknown };
  const fields = (Array.isArray(errors) ? errors : []).map((error: unknown) =>
    typeof error === 'object' && error !== null && 'message' in error
      ? String(error.message)
      : JSON.stringify(error),
  );
  return [String(message), ...fields].join(' ');
}
