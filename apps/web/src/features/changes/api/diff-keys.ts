import type { DiffQuery } from '@saas-codex/contracts/diffs';

/** Query keys of everything about what changed. */
export const diffKeys = {
  session: (sessionId: string) => ['diffs', sessionId] as const,
  list: (sessionId: string, scope: DiffQuery) => [...diffKeys.session(sessionId), 'files', scope] as const,
  patch: (sessionId: string, scope: DiffQuery, path: string, version: string) =>
    [...diffKeys.session(sessionId), 'patch', scope, path, version] as const,
};
