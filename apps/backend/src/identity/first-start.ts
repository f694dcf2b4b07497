import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigError } from '@saas-codex/service-kit/config';
import writeFileAtomic from 'write-file-atomic';
import { CONFIG, type Config } from '../config.js';
import { LOCK, Locks } from '../database/locks.js';
import { ApiKeys } from './api-keys.js';
import { AUTH, type Auth } from './better-auth.js';
import { type Membership, Memberships } from './memberships.js';
import { OWNER_EMAIL } from './sign-in-links.js';

/**
 * Before the backend listens, it makes sure that there are a tenant, its owner, and a file with an API token of the
 * owner that works. Each step checks first, so the next start finishes what an interrupted one began. Backends that start
 * together do this one after the other.
 */
@Injectable()
export class FirstStart implements OnModuleInit {
  constructor(
    private readonly locks: Locks,
    @Inject(AUTH) private readonly auth: Auth,
    @Inject(CONFIG) private readonly config: Config,
    private readonly apiKeys: ApiKeys,
    private readonly memberships: Memberships,
  ) {}

  onModuleInit(): Promise<void> {
    return this.locks.withLock(LOCK.firstOwner, async () => {
      const owner = await this.ensureOwner();
      if (!owner || (await this.fileTokenWorks(owner))) return;
      await this.writeToken(await this.apiKeys.create('Owner token file', owner));
    });
  }

  /** @returns undefined when the first owner has left, and others have taken over */
  private async ensureOwner(): Promise<Membership | undefined> {
    const { internalAdapter } = await this.auth.$context;
    const found = await internalAdapter.findUserByEmail(OWNER_EMAIL);
    const user =
      found?.user ??
      (await internalAdapter.createUser(
        { email: OWNER_EMAIL, name: 'Owner', emailVerified: true },
        { method: 'first-start' },
      ));
    const member = await this.memberships.ofUser(user.id, null);
    if (member || (await this.memberships.haveOwners())) return member;
    const tenant = await this.auth.api.createOrganization({
      body: { name: 'Personal', slug: 'personal', userId: user.id },
    });
    return { tenantId: tenant.id, userId: user.id, role: 'owner', tenantDeleted: false };
  }

  private async fileTokenWorks(owner: Membership): Promise<boolean> {
    const token = await readFile(this.config.OWNER_TOKEN_FILE, 'utf8').catch(() => '');
    const holder = await this.apiKeys.find(token.trim());
    return holder?.principalId === owner.userId && holder.tenantId === owner.tenantId;
  }

  /** Replaces the file in one step. From its first byte, only the backend's user can read it. */
  private async writeToken(token: string): Promise<void> {
    const file = this.config.OWNER_TOKEN_FILE;
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFileAtomic(file, `${token}\n`, { mode: 0o600 });
    } catch (error) {
      throw new ConfigError('OWNER_TOKEN_FILE: the file cannot be written.', { cause: error });
    }
  }
}
