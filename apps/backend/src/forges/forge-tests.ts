import { Injectable } from '@nestjs/common';
import type { ForgeTest } from '@saas-codex/contracts/forges';
import { TenantDatabase } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import { ConnectedForgeEntity } from './connected-forge.entity.js';
import { ForgeConnections } from './forge-connections.js';
import { forgeNotFound } from './forge-store.js';
import { ForgeError } from './port/forge-error.js';

const DAY_MS = 24 * 60 * 60_000;
/** Soon enough to replace it without haste. */
const WARN_DAYS = 14;

/** Asks a forge what the token of a connection is good for. */
@Injectable()
export class ForgeTests {
  constructor(
    private readonly db: TenantDatabase,
    private readonly connections: ForgeConnections,
  ) {}

  /** @throws ProblemError forge_not_found */
  async test(ctx: RequestContext, id: string): Promise<ForgeTest> {
    const row = await this.db.run(ctx, (tx) => tx.of(ConnectedForgeEntity).findOne({ where: { id } }));
    const forge = row && (await this.connections.open(row));
    if (!row || !forge) throw forgeNotFound();
    try {
      const { login, rights, expiresAt } = await forge.identity();
      if (login !== row.login) await this.connections.remember(row, { login });
      const missing = rights.some(({ state }) => state === 'missing');
      const known = `${row.host} takes the ${row.githubApp ? 'App' : 'token of'} ${login}`;
      const mend = row.githubApp
        ? 'Give it those at the forge.'
        : 'Give it those at the forge, or replace it.';
      const found = missing ? `${known}, which lacks rights. ${mend}` : `${known}.`;
      return {
        works: true,
        detail: found + endOf(expiresAt),
        login,
        rights,
        expires_at: expiresAt?.toISOString() ?? null,
        retry_at: null,
      };
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      const { detail, retryAt } = error;
      const nothing = { login: null, rights: [], expires_at: null };
      return { works: false, detail, ...nothing, retry_at: retryAt?.toISOString() ?? null };
    }
  }
}

function endOf(expiresAt: Date | null): string {
  if (expiresAt === null) return '';
  const days = Math.floor((expiresAt.getTime() - Date.now()) / DAY_MS);
  return days < WARN_DAYS ? ` It ends in ${days} ${days === 1 ? 'day' : 'days'}: replace it before.` : '';
}
