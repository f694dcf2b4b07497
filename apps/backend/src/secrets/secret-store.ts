import { Injectable } from '@nestjs/common';
import {
  MAX_SECRETS_PER_TENANT,
  type Secret,
  type SecretKind,
  type SecretPage,
  type SecretsQuery,
} from '@saas-codex/contracts/secrets';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In } from 'typeorm';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { LOCK, lockInTransaction } from '../database/locks.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { seal, unseal } from './envelope.js';
import { MasterKeys } from './master-keys.js';
import { SecretEntity } from './secret.entity.js';

/** Sort key of the list: name, then id. Two kinds may share a name. */
const SecretCursor = z.tuple([z.string().max(200), z.uuid()]);

/** A session names its secrets, so a new name goes there, too. */
const RENAME_IN_SESSIONS = `
  UPDATE sessions SET secrets = array_replace(secrets, $2, $3) WHERE tenant_id = $1 AND $2 = ANY (secrets)`;

/** Kinds of which a tenant has at most one secret. */
type SettingKind = Extract<SecretKind, 'model_key' | 'signing_key'>;
/** What people change by itself. Other kinds belong to a setting, which changes and removes them. */
const BY_PEOPLE = { kind: 'environment' } as const;

export interface NewSecret {
  id: string;
  kind: SecretKind;
  name: string;
  value: string;
}

/**
 * The one store of what tenants entrust to us. Values are encrypted before they reach Postgres (`envelope.ts`) and leave this
 * class for those who use them, never for those who saved them.
 */
@Injectable()
export class SecretStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly keys: MasterKeys,
    private readonly audit: RequestAudit,
  ) {}

  /** @throws ProblemError invalid_cursor */
  async list(ctx: TenantScope, { cursor, limit, kind }: SecretsQuery): Promise<SecretPage> {
    const after = decodeCursor(cursor, SecretCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = tx.of(SecretEntity).select('secret');
      if (kind) select.andWhere('secret.kind = :kind', { kind });
      if (after) select.andWhere('(secret.name, secret.id) > (:name, :id)', { name: after[0], id: after[1] });
      return select
        .orderBy('secret.name')
        .addOrderBy('secret.id')
        .take(limit + 1)
        .getMany();
    });
    return toPage(rows, limit, ({ name, id }) => [name, id], toSecret);
  }

  /**
   * Saves a secret, unless an earlier attempt of the same request has saved it.
   * @throws ProblemError secret_name_taken, too_many_secrets
   */
  async insert(ctx: RequestContext, { id, kind, name, value }: NewSecret): Promise<Secret> {
    const place = { tenantId: ctx.tenantId, id, kind };
    const [current] = await this.keys.get();
    const createdAt = new Date();
    const row = { id, kind, name, createdBy: actorId(ctx.actor), createdAt, updatedAt: createdAt };
    return refuseTaken(name, () =>
      this.db.run(ctx, async (tx) => {
        // Two requests at once count one after the other.
        await lockInTransaction(tx.manager, LOCK.tenantSecrets(ctx.tenantId));
        const secrets = tx.of(SecretEntity);
        const existing = await secrets.findOne({ where: { id } });
        if (existing) {
          this.audit.recordedBefore(ctx);
          return toSecret(existing);
        }
        if ((await secrets.count()) >= MAX_SECRETS_PER_TENANT) throw tooMany();
        await this.audit.recordIn(tx, ctx, { target: { id, name } });
        return toSecret(await secrets.insert({ ...row, ...seal(current, place, value) }));
      }),
    );
  }

  /** Renames an environment secret or replaces its value. @throws ProblemError secret_not_found, secret_name_taken */
  async update(ctx: RequestContext, id: string, { name, value }: Partial<NewSecret>): Promise<Secret> {
    const [current] = await this.keys.get();
    return refuseTaken(name ?? '', () =>
      this.db.run(ctx, async (tx) => {
        const { kind, name: before } = await found(tx, id);
        const sealed = value !== undefined && {
          ...seal(current, { tenantId: ctx.tenantId, id, kind }, value),
          updatedAt: new Date(),
        };
        const set = { ...(name !== undefined && { name }), ...sealed };
        await tx.of(SecretEntity).update({ id }, set);
        if (name !== undefined && name !== before)
          await tx.manager.query(RENAME_IN_SESSIONS, [ctx.tenantId, before, name]);
        await this.audit.recordIn(tx, ctx, {
          target: { name: before },
          ...(name !== undefined && { changes: { name: { old: before, new: name } } }),
        });
        return toSecret(await found(tx, id));
      }),
    );
  }

  /** @throws ProblemError secret_not_found */
  async remove(ctx: RequestContext, id: string): Promise<void> {
    await this.db.run(ctx, async (tx) => {
      if ((await tx.of(SecretEntity).delete({ id, ...BY_PEOPLE })) === 0) throw notFound();
      await this.audit.recordIn(tx, ctx);
    });
  }

  /** For what uses a secret of its own, in its transaction: adds it, or replaces its value. @throws ProblemError too_many_secrets */
  async saveIn(tx: TenantTransaction, ctx: RequestContext, secret: NewSecret): Promise<void> {
    const { id, kind, name, value } = secret;
    const [current] = await this.keys.get();
    await lockInTransaction(tx.manager, LOCK.tenantSecrets(ctx.tenantId));
    const secrets = tx.of(SecretEntity);
    const updatedAt = new Date();
    const sealed = { ...seal(current, { tenantId: ctx.tenantId, id, kind }, value), updatedAt };
    if ((await secrets.update({ id, kind }, sealed)) > 0) return;
    if ((await secrets.count()) >= MAX_SECRETS_PER_TENANT) throw tooMany();
    await secrets.insert({ id, kind, name, createdBy: actorId(ctx.actor), createdAt: updatedAt, ...sealed });
  }

  async removeIn(tx: TenantTransaction, id: string): Promise<void> {
    await tx.of(SecretEntity).delete({ id });
  }

  /**
   * The secret of a setting of which a tenant has one.
   * @returns null when it has none
   * @throws MasterKeyMissing, DecryptionError
   */
  async ofKind(tx: TenantTransaction, kind: SettingKind): Promise<{ id: string; value: string } | null> {
    const [row, keys] = await Promise.all([
      tx.of(SecretEntity).findOne({ where: { kind } }),
      this.keys.get(),
    ]);
    return row && { id: row.id, value: unseal(keys, row, row) };
  }

  /** @returns null when it is gone @throws MasterKeyMissing, DecryptionError */
  async valueOf(scope: TenantScope, id: string): Promise<string | null> {
    const keys = await this.keys.get();
    const row = await this.db.run(scope, (tx) => tx.of(SecretEntity).findOne({ where: { id } }));
    return row && unseal(keys, row, row);
  }

  /** Which of the names no environment secret has. */
  async missing(ctx: TenantScope, names: readonly string[]): Promise<string[]> {
    const rows = await this.environmentSecrets(ctx, names);
    return names.filter((name) => !rows.some((row) => row.name === name));
  }

  /**
   * The values of environment secrets, by name. Names that no secret has are left out.
   * @throws MasterKeyMissing, DecryptionError
   */
  async values(ctx: TenantScope, names: readonly string[]): Promise<Record<string, string>> {
    const [rows, keys] = await Promise.all([this.environmentSecrets(ctx, names), this.keys.get()]);
    return Object.fromEntries(rows.map((row) => [row.name, unseal(keys, row, row)]));
  }

  private async environmentSecrets(ctx: TenantScope, names: readonly string[]): Promise<SecretEntity[]> {
    if (names.length === 0) return [];
    const where = { kind: 'environment' as const, name: In([...names]) };
    return this.db.run(ctx, (tx) => tx.of(SecretEntity).find({ where }));
  }
}

async function found(tx: TenantTransaction, id: string): Promise<SecretEntity> {
  const secret = await tx.of(SecretEntity).findOne({ where: { id, ...BY_PEOPLE } });
  if (!secret) throw notFound();
  return secret;
}

async function refuseTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new ProblemError('secret_name_taken', `Replace the value of ${name}, or choose another name.`);
  }
}

const notFound = () =>
  new ProblemError(
    'secret_not_found',
    'It was deleted, its address is wrong, or it is changed elsewhere: the key of the model server at /api/models/server, the one that signs commits at /api/signing-key.',
  );
const tooMany = () =>
  new ProblemError(
    'too_many_secrets',
    `An organisation has at most ${MAX_SECRETS_PER_TENANT}. Delete those that are no longer used.`,
  );

const toSecret = (row: SecretEntity): Secret => ({
  secret_id: row.id,
  kind: row.kind,
  name: row.name,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});
