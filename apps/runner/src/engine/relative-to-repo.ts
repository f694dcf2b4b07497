import { relative, sep } from 'node:path';

/** A path within the repository is relative to it; others stay as they are. */
export const relativeToRepo = (path: string, repo: string): string =>
  path.startsWith(repo + sep) ? relative(repo, path) : path;
