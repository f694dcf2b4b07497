import { Injectable } from '@nestjs/common';
import type {
  CreateCredential,
  Credential,
  CredentialPage,
  ReplaceCredential,
} from '@saas-codex/contracts/credentials';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { hostAndPort, normaliseHost } from '@saas-codex/service-kit/network/host-name';
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
import { CredentialEntity, toCredential } from './credential.entity.js';
import { fingerprintOf, generateSshKey, readSshKey } from './ssh-keys.js';

const KIND = 'git_credential';
/** Sort key of the list: host, path, id. */
const CredentialCursor = z.tuple([z.string().max(300), z.string().max(500), z.uuid()]);

/** The credentials that people save, replace and remove. What they are used for: `RepositoryAccess`. */
@Injectable()
export class CredentialStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly audit: RequestAudit,
  ) {}

  /** @throws ProblemError invalid_cursor */
  async list(ctx: RequestContext, { cursor, limit }: PageQuery): Promise<CredentialPage> {
    const after = decodeCursor(cursor, CredentialCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = tx.of(CredentialEntity).select('one');
      if (after)
        select.andWhere('(one.host, one.path, one.id) > (:host, :path, :id)', {
          host: after[0],
          path: after[1],
          id: after[2],
        });
      return select
        .orderBy('one.host')
        .addOrderBy('one.path')
        .addOrderBy('one.id')
        .take(limit + 1)
        .getMany();
    });
    return toPage(rows, limit, ({ host, path, id }) => [host, path, id], toCredential);
  }

  /**
   * Saves a credential, unless an earlier attempt of the same request has saved it.
   * @throws ProblemError forbidden, person_required, invalid_request, credential_exists, too_many_secrets
   */
  async create(ctx: RequestContext, body: CreateCredential): Promise<Credential> {
    const place = { ...placeOf(body), ownerId: ownerIdOf(ctx, body.owner) };
    const id = ctx.idempotentId ?? uuidV7();
    const { value, publicKey } =
      'token' in body ? { value: body.token, publicKey: null } : keyFrom(body.private_key);
    const username = 'username' in body ? body.username : null;
    try {
      return await this.db.run(ctx, async (tx) => {
        const credentials = tx.of(CredentialEntity);
        const existing = await credentials.findOne({ where: { id } });
        if (existing) {
          this.audit.recordedBefore(ctx);
          return toCredential(existing);
        }
        const row = { id, kind: body.kind, ...place, username, publicKey };
        const created = await credentials.insert({
          ...row,
          createdBy: actorId(ctx.actor),
          createdAt: new Date(),
        });
        await this.secrets.saveIn(tx, ctx, { id, kind: KIND, name: id, value });
        await this.audit.recordIn(tx, ctx, { target: { id, name: nameOf(created) } });
        return toCredential(created);
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new ProblemError(
        'credential_exists',
        `There is a credential for ${nameOf(place)} already. Replace its token, or remove it first.`,
      );
    }
  }

  /** @throws ProblemError credential_not_found, forbidden, invalid_request */
  async replace(ctx: RequestContext, id: string, body: ReplaceCredential): Promise<Credential> {
    const key = body.private_key === undefined ? null : keyFrom(body.private_key);
    const value = body.token ?? key?.value ?? '';
    return this.change(ctx, id, async (tx, row) => {
      if ((row.kind === 'ssh_key') !== (key !== null)) throw otherKind(row);
      await this.secrets.saveIn(tx, ctx, { id, kind: KIND, name: id, value });
      return { lastUsedAt: null, refusedAt: null, publicKey: key?.publicKey ?? null };
    });
  }

  /** What was found at the host of a key. Nothing uses it before it is confirmed. @throws ProblemError credential_not_found, forbidden */
  async keepHostKeys(ctx: RequestContext, id: string, hostKeys: string[]): Promise<Credential> {
    return this.change(ctx, id, (_tx, row) =>
      // Those that were confirmed stay so.
      Promise.resolve(isSame(row.hostKeys, hostKeys) ? {} : { hostKeys, hostKeysConfirmedAt: null }),
    );
  }

  /** @throws ProblemError credential_not_found, forbidden, host_keys_differ */
  async confirmHostKeys(ctx: RequestContext, id: string, fingerprints: string[]): Promise<Credential> {
    return this.change(ctx, id, (_tx, { hostKeys }) => {
      if (!isSame(hostKeys?.map(fingerprintOf) ?? null, fingerprints))
        throw new ProblemError(
          'host_keys_differ',
          'Look at the keys again, then confirm all that were found.',
        );
      return Promise.resolve({ hostKeysConfirmedAt: new Date() });
    });
  }

  /** Its secret goes with it. @throws ProblemError credential_not_found, forbidden */
  async remove(ctx: RequestContext, id: string): Promise<void> {
    await this.db.run(ctx, async (tx) => {
      const row = await this.changeable(tx, ctx, id);
      await tx.of(CredentialEntity).delete({ id });
      await this.audit.recordIn(tx, ctx, { target: { id, name: nameOf(row) } });
    });
  }

  private change(
    ctx: RequestContext,
    id: string,
    changeOf: (tx: TenantTransaction, row: CredentialEntity) => Promise<Partial<CredentialEntity>>,
  ): Promise<Credential> {
    return this.db.run(ctx, async (tx) => {
      const row = await this.changeable(tx, ctx, id);
      const set = await changeOf(tx, row);
      if (Object.keys(set).length > 0) await tx.of(CredentialEntity).update({ id }, set);
      await this.audit.recordIn(tx, ctx, { target: { id, name: nameOf(row) } });
      return toCredential({ ...row, ...set });
    });
  }

  private async changeable(
    tx: TenantTransaction,
    ctx: RequestContext,
    id: string,
  ): Promise<CredentialEntity> {
    const row = await tx.of(CredentialEntity).findOne({ where: { id } });
    if (!row) throw credentialNotFound();
    if (row.ownerId === null) requireManager(ctx);
    return row;
  }
}

export const credentialNotFound = () =>
  new ProblemError('credential_not_found', 'It was removed, or it belongs to another person.');

/** How people know a credential: what it is for. */
export const nameOf = ({ host, path }: Pick<CredentialEntity, 'host' | 'path'>): string =>
  path === '' ? host : `${host}/${path}`;

function ownerIdOf(ctx: RequestContext, owner: CreateCredential['owner']): string | null {
  if (owner === 'organisation') {
    requireManager(ctx);
    return null;
  }
  if ('userId' in ctx.actor) return ctx.actor.userId;
  throw new ProblemError(
    'person_required',
    'A service account has no credentials of its own. Send owner: organisation.',
  );
}

/** @throws ProblemError invalid_request */
function keyFrom(privateKey: string | undefined): { value: string; publicKey: string } {
  const key = privateKey === undefined ? generateSshKey() : readSshKey(privateKey);
  if (key === null)
    throw new ProblemError(
      'invalid_request',
      'The private key cannot be read. Give it as OpenSSH writes it, without a passphrase.',
    );
  return { value: key.privateKey, publicKey: key.publicKey };
}

const otherKind = ({ kind }: CredentialEntity) =>
  new ProblemError(
    'invalid_request',
    kind === 'ssh_key' ? 'It is a key. Send private_key.' : 'It is a token. Send token.',
  );

const isSame = (one: readonly string[] | null, other: readonly string[]) =>
  one !== null && one.toSorted().join() === other.toSorted().join();

function requireManager({ actor }: RequestContext): void {
  if (!hasPermission(actor, 'credentials:manage'))
    throw new ProblemError(
      'forbidden',
      'Only owners and admins change the credentials of the organisation. You can save one of your own.',
    );
}

const PORT = /:(\d{1,5})$/;
/** Those that addresses need not name. */
export const USUAL_PORTS = { token: 443, ssh_key: 22 } as const;

/** @throws ProblemError invalid_request */
function placeOf({ kind, host: text, path }: CreateCredential): Pick<CredentialEntity, 'host' | 'path'> {
  const usual = USUAL_PORTS[kind];
  const port = Number(PORT.exec(text)?.[1] ?? usual);
  const host = normaliseHost(text.replace(PORT, ''));
  if (host === null || port < 1 || port > 65_535)
    throw new ProblemError('invalid_request', 'The host is not a valid name. Give it as in github.com.');
  return { host: hostAndPort(host, port, usual), path: path.replace(/^\/+|\/+$/g, '') };
}
