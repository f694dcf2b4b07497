import { Injectable } from '@nestjs/common';
import { WorkspaceLimits } from '../workspace-limits.js';
import { fieldsOf } from './git-fields.js';
import { HistoryRepository } from './history-repository.js';
import { pathText } from './path-text.js';

export interface FoundPaths {
  paths: string[];
  /** There are more files than were looked at, or more matches than `limit`. */
  truncated: boolean;
}

interface Listing {
  paths: readonly string[];
  truncated: boolean;
}

/** Trees whose lists are kept: whoever types a name asks several times. */
const KEPT = 8;

/**
 * Finds files of a checkpoint by a part of their path. Lists come from `history.git`, so nothing of the work tree is read, and
 * they end after `pathListBytes`.
 */
@Injectable()
export class TreePaths {
  private readonly listings = new Map<string, Promise<Listing>>();

  constructor(
    private readonly history: HistoryRepository,
    private readonly limits: WorkspaceLimits,
  ) {}

  async find(sessionId: string, tree: string, query: string, limit: number): Promise<FoundPaths> {
    const listing = await this.list(sessionId, tree);
    const found = rankPaths(listing.paths, query, limit + 1);
    return { paths: found.slice(0, limit), truncated: listing.truncated || found.length > limit };
  }

  private list(sessionId: string, tree: string): Promise<Listing> {
    const key = `${sessionId} ${tree}`;
    const known = this.listings.get(key) ?? this.read(sessionId, tree);
    this.listings.delete(key);
    this.listings.set(key, known);
    known.catch(() => this.listings.delete(key));
    const [oldest] = this.listings.keys();
    if (this.listings.size > KEPT && oldest !== undefined) this.listings.delete(oldest);
    return known;
  }

  private async read(sessionId: string, tree: string): Promise<Listing> {
    const args = ['ls-tree', '-r', '-z', '--full-tree', '--name-only', tree] as const;
    const maxOutputBytes = this.limits.pathListBytes;
    const { stdout, truncated } = await this.history.runOnObjects(sessionId, [...args], {
      maxOutputBytes,
      truncate: true,
    });
    return { paths: Array.from(fieldsOf(stdout), pathText), truncated };
  }
}

/**
 * The paths that match, best first: the name begins with the query, the name has it, the path has it, the path has its letters
 * in order. Within these, short paths come first. Upper and lower case are the same.
 */
export function rankPaths(paths: readonly string[], query: string, limit: number): string[] {
  const wanted = query.toLowerCase();
  const ranked: string[][] = [[], [], [], []];
  for (const path of paths) {
    const rank = rankOf(path.toLowerCase(), wanted);
    if (rank !== null) ranked[rank]?.push(path);
  }
  return ranked
    .flatMap((group) => group.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)).slice(0, limit))
    .slice(0, limit);
}

function rankOf(path: string, wanted: string): number | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name.startsWith(wanted)) return 0;
  if (name.includes(wanted)) return 1;
  if (path.includes(wanted)) return 2;
  return hasInOrder(path, wanted) ? 3 : null;
}

function hasInOrder(path: string, letters: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = path.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
