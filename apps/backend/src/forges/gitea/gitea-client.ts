import type { giteaApi } from 'gitea-js';
import { ForgeError, forgeErrorOf } from '../port/forge-error.js';
import type { RepositoryRef } from '../port/repositories.js';
import { namesOf } from '../port/repository-names.js';

export type GiteaClient = ReturnType<typeof giteaApi<unknown>>;

interface Answered<T> {
  status: number;
  headers: Headers;
  data: T;
  error: unknown;
}

/** Makes calls of the client give their data, or throw `ForgeError`. The client throws the answer that refuses. */
export function giteaAsker(host: string) {
  return async <T>(call: () => Promise<Answered<T>>): Promise<T> => {
    try {
      const { data, error } = await call();
      // What is no JSON, such as the page of a proxy with the status 200.
      if (error !== null)
        throw new ForgeError('unavailable', `${host} did not answer as Gitea does. Check its address.`);
      return data;
    } catch (refusal) {
      if (!(refusal instanceof Response)) throw refusal;
      const { status, headers, error } = refusal as Response & { error?: unknown };
      const message =
        error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : '';
      throw forgeErrorOf(host, { status, headers: Object.fromEntries(headers), message });
    }
  };
}

/** The client writes names into paths as they are. */
export function inPath(ref: RepositoryRef) {
  const { owner, repo } = namesOf(ref);
  return { owner: encodeURIComponent(owner), repo: encodeURIComponent(repo) };
}
