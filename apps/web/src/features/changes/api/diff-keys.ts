import type { DiffQuery } from '@saas-codex/contracts/diffs';

/** Query keys of everything about what changed. */
export const diffKeys = {
  lists: (sessionId: string) => ['diffs', sessionId, 'files'] as const,
  list: (sessionId: string, scope: DiffQuery) => [...diffKeys.lists(sessionId), scope] as const,
  patch: (sessionId: string, from: string, to: string, path: string) =>
    ['diffs', sessionId, 'patch', from, to, path] as const,
};
