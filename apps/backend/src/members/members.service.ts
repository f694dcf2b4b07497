import { Injectable } from '@nestjs/common';
import type { Member, MemberPage } from '@saas-codex/contracts/members';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type { Role } from '@saas-codex/contracts/permissions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { TenantScope } from '../database/tenant-row.js';
import { ownersOnly, RoutePermissions } from '../identity/permissions.js';
import { userIdOf } from '../identity/person.js';
import type { CallerContext } from '../identity/request-context.js';
import { noteForAudit } from '../identity/request-origin.js';
import { MemberStore } from './member-store.js';

/** The people of the caller's tenant. A tenant always keeps an owner, and only owners decide about owners. */
@Injectable()
export class MembersService {
  constructor(
    private readonly members: MemberStore,
    private readonly permissions: RoutePermissions,
  ) {}

  /** @throws ProblemError invalid_cursor */
  list(ctx: CallerContext, query: PageQuery): Promise<MemberPage> {
    return this.members.list(ctx, query);
  }

  /** The member with this id who may change sessions. @throws ProblemError member_not_found, invalid_request */
  async requireWriter(ctx: TenantScope, userId: string): Promise<Member> {
    const member = await this.members.find(ctx, userId);
    if (!member) throw notFound();
    // A role that this version does not know may do nothing here.
    if (this.permissions.ofRole(member.role as Role).has('sessions:write')) return member;
    throw new ProblemError(
      'invalid_request',
      `${member.name} may only watch. Choose another member, or have their role changed first.`,
    );
  }

  /** @throws ProblemError member_not_found, forbidden, last_owner */
  async changeRole(ctx: CallerContext, userId: string, role: Role): Promise<Member> {
    this.permissions.requireMayGive(ctx.actor, 'person', role);
    const mayChangeOwners = this.mayChangeOwners(ctx);
    const before = await this.members.find(ctx, userId);
    noteForAudit(ctx, { changes: { role: { old: before?.role ?? null, new: role } } });
    const changed = await this.members.changeRole(ctx, userId, role, { mayChangeOwners });
    const member = await this.members.find(ctx, userId);
    if (!member) throw notFound();
    if (!changed && member.role !== role) throw mayChangeOwners ? lastOwner() : ownersOnly();
    return member;
  }

  /** Ends the person's streams and refuses their requests. @throws ProblemError member_not_found, forbidden, last_owner */
  async remove(ctx: CallerContext, userId: string): Promise<void> {
    const mayChangeOwners = this.mayChangeOwners(ctx);
    if (await this.members.remove(ctx, userId, { mayChangeOwners })) return;
    if (!(await this.members.find(ctx, userId))) throw notFound();
    throw mayChangeOwners ? lastOwner() : ownersOnly();
  }

  /** Ends the caller's own membership. @throws ProblemError last_owner */
  async leave(ctx: CallerContext): Promise<void> {
    const userId = userIdOf(ctx.actor);
    if (!(await this.members.remove(ctx, userId, { mayChangeOwners: true }))) throw lastOwner();
    await this.members.forgetChoice(ctx, userId);
  }

  private mayChangeOwners({ actor }: CallerContext): boolean {
    return this.permissions.of(actor).has('owners:manage');
  }
}

const notFound = () =>
  new ProblemError('member_not_found', 'This person does not belong to the organisation, or does no longer.');

const lastOwner = () =>
  new ProblemError('last_owner', 'An organisation keeps an owner. Make another member an owner first.');
