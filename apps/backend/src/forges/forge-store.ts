import { Injectable } from '@nestjs/common';
import {
  type ConnectForge,
  type Forge,
  type ForgePage,
  HOSTED_FORGES,
  type ReplaceForgeToken,
} from '@saas-codex/contracts/forges';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { destinationOf } from '@saas-codex/service-kit/network/destinations';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { actorId, hasPermission } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { SecretStore } from '../secrets/secret-store.js';
import { ConnectedForgeEntity, toForge } from './connected-forge.entity.js';
import { ForgeFetch } from './forge-fetch.js';
import { forgeHostOf } from './forges.js';

const KIND = 'forge_token';
/** Sort key of the list: host, id. */
const ForgeCursor = z.tuple([z.string().max(300), z.uuid()]);

/** The forges that people connect and remove. What they are used for: `Forges`. */
@Injectable()
export class ForgeStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly audit: RequestAudit,
    private readonly fetch: ForgeFetch,
  ) {}

  /** @throws ProblemError invalid_cursor */
  async list(ctx: RequestContext, { cursor, limit }: PageQuery): Promise<ForgePage> {
    const after = decodeCursor(cursor, ForgeCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = tx.of(ConnectedForgeEntity).select('one');
      if (after) select.andWhere('(one.host, one.id) > (:host, :id)', { host: after[0], id: after[1] });
      return select
        .orderBy('one.host')
        .addOrderBy('one.id')
        .take(limit + 1)
        .getMany();
    });
    return toPage(rows, limit, ({ host, id }) => [host, id], toForge);
  }

  /**
   * Saves a connection, unless an earlier attempt of the same request has saved it. The forge is not asked: see `ForgeTests`.
   * @throws ProblemError forbidden, person_required, forge_url_refused, forge_exists, too_many_secrets
   */
  async connect(ctx: RequestContext, { kind, url, workspace, owner, token }: ConnectForge): Promise<Forge> {
    const place = this.placeOf(url ?? HOSTED_FORGES[kind]);
    const ownerId = ownerIdOf(ctx, owner);
    const id = ctx.idempotentId ?? uuidV7();
    try {
      return await this.db.run(ctx, async (tx) => {
        const forges = tx.of(ConnectedForgeEntity);
        const existing = await forges.findOne({ where: { id } });
        if (existing) {
          this.audit.recordedBefore(ctx);
          return toForge(existing);
        }
        const by = { createdBy: actorId(ctx.actor), createdAt: new Date() };
        const created = await forges.insert({
          id,
          kind,
          ownerId,
          ...place,
          workspace: workspace ?? null,
          githubApp: null,
          ...by,
        });
        await this.secrets.saveIn(tx, ctx, { id, kind: KIND, name: id, value: token });
        await this.audit.recordIn(tx, ctx, { target: { id, name: created.host } });
        return toForge(created);
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw forgeExists(place.host);
    }
  }

  /** @throws ProblemError forge_not_found, forbidden, invalid_request */
  async replaceToken(ctx: RequestContext, id: string, { token }: ReplaceForgeToken): Promise<Forge> {
    return this.db.run(ctx, async (tx) => {
      const row = await changeable(tx, ctx, id);
      if (row.githubApp)
        throw new ProblemError(
          'invalid_request',
          'A GitHub App has no token: one is made for each use. Remove it, then create another one.',
        );
      await this.secrets.saveIn(tx, ctx, { id, kind: KIND, name: id, value: token });
      // Whose it is, a test says.
      const set = { lastUsedAt: null, refusedAt: null, login: null };
      await tx.of(ConnectedForgeEntity).update({ id }, set);
      await this.audit.recordIn(tx, ctx, { target: { id, name: row.host } });
      return toForge({ ...row, ...set });
    });
  }

  /** Its token goes with it. @throws ProblemError forge_not_found, forbidden */
  async remove(ctx: RequestContext, id: string): Promise<void> {
    await this.db.run(ctx, async (tx) => {
      const row = await changeable(tx, ctx, id);
      await tx.of(ConnectedForgeEntity).delete({ id });
      await this.audit.recordIn(tx, ctx, { target: { id, name: row.host } });
    });
  }

  /** @throws ProblemError forge_url_refused */
  placeOf(text: string | undefined): Pick<ConnectedForgeEntity, 'url' | 'host'> {
    if (text === undefined)
      throw new ProblemError('forge_url_refused', 'Give its address, such as https://git.example.org.');
    const url = URL.canParse(text) ? new URL(text) : null;
    const target = url && destinationOf(url);
    if (!url || !target)
      throw new ProblemError('forge_url_refused', 'Its host cannot be read. Check the address.');
    if (!this.fetch.isAllowed(url))
      throw new ProblemError(
        'forge_url_refused',
        'Use https://; http:// is only for hosts that the operator trusts (GIT_TRUSTED_HOSTS).',
      );
    const host = forgeHostOf(target);
    return { host, url: `${target.scheme}://${host}` };
  }
}

export const forgeExists = (host: string) =>
  new ProblemError('forge_exists', `${host} is connected already. Replace its token, or remove it first.`);

export const forgeNotFound = () =>
  new ProblemError('forge_not_found', 'It was removed, or it belongs to another person.');

async function changeable(
  tx: TenantTransaction,
  ctx: RequestContext,
  id: string,
): Promise<ConnectedForgeEntity> {
  const row = await tx.of(ConnectedForgeEntity).findOne({ where: { id } });
  if (!row) throw forgeNotFound();
  if (row.ownerId === null) requireManager(ctx);
  return row;
}

function ownerIdOf(ctx: RequestContext, owner: ConnectForge['owner']): string | null {
  if (owner === 'organisation') {
    requireManager(ctx);
    return null;
  }
  if ('userId' in ctx.actor) return ctx.actor.userId;
  throw new ProblemError(
    'person_required',
    'A service account has no connections of its own. Send owner: organisation.',
  );
}

function requireManager({ actor }: RequestContext): void {
  if (!hasPermission(actor, 'credentials:manage'))
    throw new ProblemError(
      'forbidden',
      'Only owners and admins change the forges of the organisation. You can connect one for yourself.',
    );
}
