import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../../config.js';
import { AUTH, type Auth } from '../better-auth.js';
import { type Membership, Memberships } from '../memberships.js';

/** Finds the organisation of somebody who signs in. */
@Injectable()
export class OwnOrganisations {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AUTH) private readonly auth: Auth,
    private readonly memberships: Memberships,
  ) {}

  /**
   * Where sign-up is open, somebody without an organisation gets one of their own; so a sign-up that was cut off is finished.
   * @throws ProblemError organisation_missing
   */
  async of(user: { id: string; name: string }): Promise<Membership> {
    const member = await this.memberships.ofUser(user.id, null);
    if (member) return member;
    if (this.config.SIGN_UP === 'open') {
      const body = { name: `${user.name}'s organisation`, slug: `of-${user.id}`, userId: user.id };
      await this.auth.api.createOrganization({ body }).catch(async () => {
        // Another sign-in of this person made it at the same time. Or they had one before, and have left it.
        if (await this.memberships.ofUser(user.id, null)) return;
        await this.auth.api.createOrganization({ body: { ...body, slug: randomUUID() } });
      });
      const owner = await this.memberships.ofUser(user.id, null);
      if (owner) return owner;
    }
    throw new ProblemError('organisation_missing', 'Ask somebody of your organisation for an invitation.');
  }
}
