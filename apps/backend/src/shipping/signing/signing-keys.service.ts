import { Injectable } from '@nestjs/common';
import type { CommitSigning } from '@saas-codex/contracts/signing-key';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../../audit/request-audit.js';
import { fingerprintOf, generateSshKey } from '../../credentials/ssh-keys.js';
import { LOCK, lockInTransaction } from '../../database/locks.js';
import { TenantDatabase } from '../../database/tenant-database.js';
import type { TenantScope } from '../../database/tenant-row.js';
import type { RequestContext } from '../../identity/request-context.js';
import { SecretStore } from '../../secrets/secret-store.js';

const KIND = 'signing_key';

/** What is sealed. Both halves are one value, so that nobody can exchange one of them. */
const SavedKey = z.object({
  privateKey: z.string(),
  publicKey: z.string(),
  createdAt: z.string(),
  /** Of the request that made it, so that the same request again makes no other one. */
  requestId: z.string().nullable(),
});
type SavedKey = z.infer<typeof SavedKey>;

/** The key with which an organisation signs the commits of its sessions. */
@Injectable()
export class SigningKeysService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly audit: RequestAudit,
  ) {}

  async read(ctx: TenantScope): Promise<CommitSigning> {
    return toSigning(await this.current(ctx));
  }

  /** Makes a key, in place of the one that is there. @throws ProblemError too_many_secrets */
  async create(ctx: RequestContext): Promise<CommitSigning> {
    const next: SavedKey = {
      ...generateSshKey(),
      createdAt: new Date().toISOString(),
      requestId: ctx.idempotentId ?? null,
    };
    return this.db.run(ctx, async (tx) => {
      await lockInTransaction(tx.manager, LOCK.tenantSecrets(ctx.tenantId));
      const sealed = await this.secrets.ofKind(tx, KIND);
      const before = sealed && readSaved(sealed.value);
      if (before && before.requestId !== null && before.requestId === next.requestId) {
        this.audit.recordedBefore(ctx);
        return toSigning(before);
      }
      const id = sealed?.id ?? uuidV7();
      await this.secrets.saveIn(tx, ctx, { id, kind: KIND, name: KIND, value: JSON.stringify(next) });
      await this.audit.recordIn(tx, ctx, { changes: changeOf(before, next) });
      return toSigning(next);
    });
  }

  /** From then on, commits are not signed. @throws ProblemError signing_key_not_found */
  async remove(ctx: RequestContext): Promise<void> {
    await this.db.run(ctx, async (tx) => {
      await lockInTransaction(tx.manager, LOCK.tenantSecrets(ctx.tenantId));
      const sealed = await this.secrets.ofKind(tx, KIND);
      if (!sealed)
        throw new ProblemError('signing_key_not_found', 'Commits of this organisation are not signed.');
      await this.secrets.removeIn(tx, sealed.id);
      await this.audit.recordIn(tx, ctx, { changes: changeOf(readSaved(sealed.value), null) });
    });
  }

  /** With both halves, to sign with. null: commits are not signed @throws MasterKeyMissing, DecryptionError */
  async current({ tenantId }: TenantScope): Promise<SavedKey | null> {
    const sealed = await this.db.run({ tenantId }, (tx) => this.secrets.ofKind(tx, KIND));
    return sealed && readSaved(sealed.value);
  }
}

const readSaved = (text: string): SavedKey => SavedKey.parse(JSON.parse(text));

const toSigning = (saved: SavedKey | null): CommitSigning => ({
  key: saved && {
    public_key: saved.publicKey,
    fingerprint: fingerprintOf(saved.publicKey),
    created_at: saved.createdAt,
  },
});

const changeOf = (before: SavedKey | null, after: SavedKey | null) => ({
  fingerprint: {
    old: before && fingerprintOf(before.publicKey),
    new: after && fingerprintOf(after.publicKey),
  },
});
