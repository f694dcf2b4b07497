import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { batchLoader } from '../database/batch-loader.js';
import { SystemDatabase } from '../database/system-database.js';
import { AUTH, type Auth } from './better-auth.js';
import { MEMBERS, MEMBERSHIP, type Membership } from './memberships.js';

/** The membership that an API key stands for: a person's, in the one tenant that the key was made for. */
export interface ApiKeyOwner extends Membership {
  keyId: string;
}

/** API keys, which better-auth keeps as hashes in `api_keys`. */
@Injectable()
export class ApiKeys {
  private readonly owners = batchLoader((keyHashes: readonly string[]) => this.findAll(keyHashes));

  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly system: SystemDatabase,
  ) {}

  /** @returns the key itself, which cannot be read again */
  async create(name: string, { userId, tenantId }: Pick<Membership, 'userId' | 'tenantId'>): Promise<string> {
    const { key } = await this.auth.api.createApiKey({ body: { name, userId, metadata: { tenantId } } });
    return key;
  }

  /**
   * The owner of a valid key. Read from Postgres for every request: better-auth's own check writes the key's row each
   * time, and it takes an unreachable database for a wrong key.
   */
  find(key: string): Promise<ApiKeyOwner | undefined> {
    return this.owners.load(hashOf(key));
  }

  private async findAll(keyHashes: readonly string[]): Promise<(ApiKeyOwner | undefined)[]> {
    const rows = await this.system.query<ApiKeyOwner & { keyHash: string }>(
      `SELECT k.key AS "keyHash", k.id AS "keyId", ${MEMBERSHIP} FROM api_keys k
         JOIN ${MEMBERS} ON m.user_id = k.reference_id AND m.tenant_id = k.metadata::jsonb ->> 'tenantId'
        WHERE k.key = ANY($1) AND k.enabled AND (k.expires_at IS NULL OR k.expires_at > now())`,
      [keyHashes],
    );
    const owners = new Map(rows.map(({ keyHash, ...owner }) => [keyHash, owner]));
    return keyHashes.map((keyHash) => owners.get(keyHash));
  }
}

/** The hash that better-auth keeps. Its own function hands the work to a thread, at many times the cost of the work. */
const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url');
