import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  type CreateScimUser,
  SCIM_MAX_RESULTS,
  SCIM_PATH,
  SCIM_SCHEMAS,
  type ScimListQuery,
  type ScimUser,
  type ScimUserList,
} from '@saas-codex/contracts/scim';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../../config.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import type { CallerContext } from '../../identity/request-context.js';
import { noteForAudit } from '../../identity/request-origin.js';
import { MembersService } from '../members.service.js';
import { ScimFailure } from './scim-failure.js';
import { readActive, readFilter, type ScimChange } from './scim-requests.js';
import { type ScimPerson, ScimUserStore } from './scim-user-store.js';

/**
 * What a company's directory does with the people of its tenant:
 *
 *     it expects somebody            nothing but a note: they join by signing in at the company, or by an invitation
 *     it says that somebody left     they are removed, as `DELETE /api/members/{user_id}` does it; their sessions stay
 *     it says that they are back     they are a member again; who had more rights gets them from an admin or an owner
 *     it forgets somebody            they are removed, and what it said of them is, too
 *
 * It makes no account, or a tenant could take addresses in which others have a right; and it changes no name or address,
 * since those belong to the person, who may be in other tenants.
 */
@Injectable()
export class ScimUsersService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly users: ScimUserStore,
    private readonly members: MembersService,
  ) {}

  /** @throws ScimFailure invalidFilter */
  async list(ctx: CallerContext, { filter, startIndex, count }: ScimListQuery): Promise<ScimUserList> {
    const first = Math.max(startIndex, 1);
    const limit = Math.min(Math.max(count, 0), SCIM_MAX_RESULTS);
    const { total, people } = await this.users.list(ctx, readFilter(filter), { offset: first - 1, limit });
    return {
      schemas: [SCIM_SCHEMAS.list],
      totalResults: total,
      startIndex: first,
      itemsPerPage: people.length,
      Resources: people.map((person) => this.toUser(person)),
    };
  }

  /** @throws ProblemError member_not_found */
  async read(ctx: CallerContext, id: string): Promise<ScimUser> {
    return this.toUser(await this.require(ctx, id));
  }

  /** @throws ScimFailure uniqueness, invalidValue */
  async create(ctx: CallerContext, body: CreateScimUser): Promise<ScimUser> {
    const { userName: email, externalId = null, displayName, active = true } = body;
    const id = ctx.idempotentId ?? randomUUID();
    const expected = { id, email, name: displayName ?? email, externalId, active: readActive(active) };
    const isNew = await this.users.expect(ctx, expected).catch((error: unknown) => {
      if (isUniqueViolation(error)) return false;
      throw error;
    });
    if (!isNew) {
      throw new ScimFailure(
        'already_member',
        'uniqueness',
        `There is somebody with this address already. Find them with the filter userName eq "${email}".`,
      );
    }
    return this.read(ctx, id);
  }

  /**
   * Ends the streams of somebody who was removed, and refuses their requests.
   * @throws ProblemError member_not_found, forbidden, last_owner
   */
  async change(ctx: CallerContext, id: string, change: ScimChange): Promise<ScimUser> {
    const person = await this.require(ctx, id);
    const { active = person.active, externalId = person.externalId } = change;
    noteForAudit(ctx, {
      target: { name: person.email },
      changes: {
        ...(active !== person.active && { active: { old: person.active, new: active } }),
        ...(externalId !== person.externalId && {
          external_id: { old: person.externalId, new: externalId },
        }),
      },
    });
    const isRemoved = person.active && !active;
    if (isRemoved && person.userId !== null) await this.members.remove(ctx, person.userId);
    if (active !== person.active || externalId !== person.externalId)
      await this.users.keep(ctx, { ...person, active, externalId });
    if (active && !person.active && person.userId !== null) await this.users.bringBack(ctx, id);
    return this.read(ctx, id);
  }

  /** @throws ProblemError member_not_found, forbidden, last_owner */
  async remove(ctx: CallerContext, id: string): Promise<void> {
    const person = await this.require(ctx, id);
    noteForAudit(ctx, { target: { name: person.email } });
    if (person.active && person.userId !== null) await this.members.remove(ctx, person.userId);
    await this.users.forget(ctx, id);
  }

  private async require(ctx: CallerContext, id: string): Promise<ScimPerson> {
    const person = await this.users.find(ctx, id);
    if (person) return person;
    throw new ProblemError(
      'member_not_found',
      'The directory of this organisation has nobody with this id. Look for the userName instead.',
    );
  }

  private toUser({ id, externalId, email, name, active, createdAt }: ScimPerson): ScimUser {
    return {
      schemas: [SCIM_SCHEMAS.user],
      id,
      ...(externalId !== null && { externalId }),
      userName: email,
      displayName: name,
      emails: [{ value: email, primary: true }],
      active,
      meta: {
        resourceType: 'User',
        created: createdAt.toISOString(),
        location: `${this.config.PUBLIC_URL}${SCIM_PATH}/Users/${id}`,
      },
    };
  }
}
