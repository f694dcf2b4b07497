import { Injectable } from '@nestjs/common';
import type { RepositoriesQuery, Repository, RepositorySearch } from '@saas-codex/contracts/forges';
import type { CallerContext } from '../identity/request-context.js';
import type { ConnectedForgeEntity } from '../forges/connected-forge.entity.js';
import { ForgeConnections } from '../forges/forge-connections.js';
import { ForgeError } from '../forges/port/forge-error.js';
import type { ForgeRepository } from '../forges/port/repositories.js';

/** Forges that are asked for one search. */
const MAX_FORGES = 10;

/** Looks for repositories at all forges that a person may use, at each with the connection that fits best. */
@Injectable()
export class RepositorySearches {
  constructor(private readonly connections: ForgeConnections) {}

  async search(ctx: CallerContext, { query, limit }: RepositoriesQuery): Promise<RepositorySearch> {
    const rows = firstOfEachPlace(await this.connections.usable(ctx, ctx.readerId)).slice(0, MAX_FORGES);
    const answers = await Promise.all(rows.map((row) => this.searchAt(row, query, limit)));
    return {
      // The best of each forge first.
      items: answers
        .flatMap(({ found }) => found.map((one, rank) => ({ one, rank })))
        .toSorted((a, b) => a.rank - b.rank)
        .slice(0, limit)
        .map(({ one }) => one),
      failed: answers.flatMap(({ failed }) => failed),
    };
  }

  private async searchAt(
    row: ConnectedForgeEntity,
    query: string,
    limit: number,
  ): Promise<{ found: Repository[]; failed: RepositorySearch['failed'] }> {
    try {
      const forge = await this.connections.open(row);
      const found = forge ? await forge.repositories.search(query, limit) : [];
      return { found: found.map((one) => toRepository(one, row.id)), failed: [] };
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      const { detail, retryAt } = error;
      const failure = { forge_id: row.id, host: row.host, detail, retry_at: retryAt?.toISOString() ?? null };
      return { found: [], failed: [failure] };
    }
  }
}

/** A person's own connections are before the organisation's. */
const firstOfEachPlace = (rows: readonly ConnectedForgeEntity[]): ConnectedForgeEntity[] =>
  rows.filter(({ host, workspace }, i) => {
    const isHere = (other: ConnectedForgeEntity) => other.host === host && other.workspace === workspace;
    return rows.findIndex(isHere) === i;
  });

const toRepository = (given: ForgeRepository, forgeId: string): Repository => ({
  repo_url: given.cloneUrl,
  name: given.path,
  description: given.description,
  private: given.isPrivate,
  default_branch: given.defaultBranch,
  may_push: given.isArchived ? false : given.rights.push,
  forge_id: forgeId,
});
