import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigError } from '@saas-codex/service-kit/config';
import { CONFIG, type Config } from '../config.js';
import { LOCK, Locks } from '../database/locks.js';
import { AUTH, type Auth } from './auth.js';
import { type Membership, Memberships } from './memberships.js';
import { OWNER_EMAIL } from './owner.js';

/**
 * Before the backend listens, it makes sure that there are a tenant, its owner, and a file with an API token of the
 * owner's that works. Each step looks first, so a start that was cut off is finished by the next one, and backends
 * that start together do it one after the other.
 */
@Injectable()
export class FirstStart implements OnModuleInit {
  constructor(
    private readonly locks: Locks,
    @Inject(AUTH) private readonly auth: Auth,
    @Inject(CONFIG) private readonly config: Config,
    private readonly memberships: Memberships,
  ) {}

  onModuleInit(): Promise<void> {
    return this.locks.withLock(LOCK.firstOwner, async () => {
      const owner = await this.ensureOwner();
      if (await this.fileTokenWorks(owner)) return;
      await this.writeToken(await this.createToken(owner));
    });
  }

  private async ensureOwner(): Promise<Membership> {
    const { internalAdapter } = await this.auth.$context;
    const found = await internalAdapter.findUserByEmail(OWNER_EMAIL);
    const user =
      found?.user ??
      (await internalAdapter.createUser(
        { email: OWNER_EMAIL, name: 'Owner', emailVerified: true },
        { method: 'first-start' },
      ));
    const member = await this.memberships.ofUser(user.id, null);
    if (member) return member;
    const tenant = await this.auth.api.createOrganization({
      body: { name: 'Personal', slug: 'personal', userId: user.id },
    });
    return { tenantId: tenant.id, userId: user.id, role: 'owner' };
  }

  private async fileTokenWorks(owner: Membership): Promise<boolean> {
    const token = await readFile(this.config.OWNER_TOKEN_FILE, 'utf8').catch(() => '');
    const member = await this.memberships.ofApiKey(token.trim());
    return member?.userId === owner.userId && member.tenantId === owner.tenantId;
  }

  private async createToken({ userId, tenantId }: Membership): Promise<string> {
    const { key } = await this.auth.api.createApiKey({
      body: { name: 'Owner token file', userId, metadata: { tenantId } },
    });
    return key;
  }

  /** Readers see the old file or the whole new one. */
  private async writeToken(token: string): Promise<void> {
    const file = this.config.OWNER_TOKEN_FILE;
    const draft = `${file}.${randomUUID()}`;
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(draft, `${token}\n`, { mode: 0o600, flag: 'wx', flush: true });
      await rename(draft, file);
    } catch (error) {
      throw new ConfigError('OWNER_TOKEN_FILE: the file cannot be written.', { cause: error });
    }
  }
}
