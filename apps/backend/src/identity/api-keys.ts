import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Permission } from '@saas-codex/contracts/permissions';
import { batchLoader } from '../database/batch-loader.js';
import { SystemDatabase } from '../database/system-database.js';
import { AUTH, type Auth } from './better-auth.js';
import { type Membership, PRINCIPAL, PRINCIPALS, type Principal } from './memberships.js';

/** Whom an API key stands for: a person or a service account, in the one tenant that the key was made for. */
export interface ApiKeyOwner extends Principal {
  /** The person's, or the service account's. */
  name: string;
  keyId: string;
  keyName: string | null;
  /** The only permissions that the key has; null: all those of the role. */
  scopes: readonly Permission[] | null;
}

/** A key in constant use is written once in this time. */
const NOTE_USE_EVERY_MS = 60_000;
/** Keys whose last use is remembered here. */
const MAX_REMEMBERED = 10_000;

/** Of valid keys. */
const OWNERS = `
  SELECT k.key AS "keyHash", k.id AS "keyId", k.name AS "keyName", coalesce(u.name, a.name) AS name,
         k.permissions::jsonb -> 'scopes' AS scopes, ${PRINCIPAL} FROM api_keys k
    JOIN ${PRINCIPALS} ON m.principal_id = k.reference_id AND m.tenant_id = k.metadata::jsonb ->> 'tenantId'
    LEFT JOIN users u ON u.id = k.user_id
    LEFT JOIN service_accounts a ON a.id = k.service_account_id
   WHERE k.enabled AND (k.expires_at IS NULL OR k.expires_at > now())`;

/** API keys, which better-auth keeps as hashes in `api_keys`. */
@Injectable()
export class ApiKeys {
  private readonly logger = new Logger(ApiKeys.name);
  /** When a key's use was last written, in ms. */
  private readonly noted = new Map<string, number>();
  private readonly owners = batchLoader((keyHashes: readonly string[]) => this.findAll(keyHashes));

  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly system: SystemDatabase,
  ) {}

  /** A key of a person. @returns the key itself, which cannot be read again */
  async create(name: string, { userId, tenantId }: Pick<Membership, 'userId' | 'tenantId'>): Promise<string> {
    const { key } = await this.auth.api.createApiKey({ body: { name, userId, metadata: { tenantId } } });
    return key;
  }

  /**
   * The owner of a valid key. Read from Postgres for every request: better-auth's own check writes the key's row each
   * time, and it takes an unreachable database for a wrong key.
   */
  async find(key: string): Promise<ApiKeyOwner | undefined> {
    const owner = await this.owners.load(hashOf(key));
    if (owner) this.noteUse(owner.keyId);
    return owner;
  }

  /** The owner of a key that is still valid, for work that goes on after the request that came with it. */
  async findById(keyId: string): Promise<ApiKeyOwner | undefined> {
    const [owner] = await this.system.query<ApiKeyOwner>(`${OWNERS} AND k.id = $1`, [keyId]);
    return owner;
  }

  /** Ends all keys of a person, in every tenant: their requests are refused at once, and their streams end within 5 s. */
  async revokeAllOf(userId: string): Promise<void> {
    await this.system.query('DELETE FROM api_keys WHERE user_id = $1', [userId]);
  }

  /** For the lists of keys. No request waits for it. */
  private noteUse(keyId: string): void {
    const now = Date.now();
    if (now - (this.noted.get(keyId) ?? 0) < NOTE_USE_EVERY_MS) return;
    if (this.noted.size >= MAX_REMEMBERED) this.noted.clear();
    this.noted.set(keyId, now);
    this.system
      .query('WITH used AS (UPDATE api_keys SET last_request = now() WHERE id = $1) SELECT 1', [keyId])
      .catch((error: Error) => this.logger.warn(`The use of an API key was not noted: ${error.message}`));
  }

  private async findAll(keyHashes: readonly string[]): Promise<(ApiKeyOwner | undefined)[]> {
    const rows = await this.system.query<ApiKeyOwner & { keyHash: string }>(`${OWNERS} AND k.key = ANY($1)`, [
      keyHashes,
    ]);
    const owners = new Map(rows.map(({ keyHash, ...owner }) => [keyHash, owner]));
    return keyHashes.map((keyHash) => owners.get(keyHash));
  }
}

/** The hash that better-auth keeps. Its own function hands the work to a thread, at many times the cost of the work. */
const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url');
