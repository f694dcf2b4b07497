import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  type AcceptInvitation,
  type CreatedInvitation,
  type CreateInvitation,
  invitationLink,
  type InvitationPage,
  type InvitationPreview,
} from '@saas-codex/contracts/members';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request, Response } from 'express';
import { CONFIG, type Config } from '../config.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { Authentication, passCookies, webHeaders } from '../identity/authentication.js';
import { AUTH, type Auth } from '../identity/better-auth.js';
import { RoutePermissions } from '../identity/permissions.js';
import { userIdOf } from '../identity/person.js';
import type { CallerContext } from '../identity/request-context.js';
import { requestOrigin } from '../identity/request-origin.js';
import { type FoundInvitation, InvitationStore } from './invitation-store.js';

/**
 * Invitations by link. A link's holder either joins as the person who is signed in, or creates an account. It never signs
 * anybody in to an account that exists: who invites has seen the link, too.
 */
@Injectable()
export class InvitationsService {
  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    @Inject(CONFIG) private readonly config: Config,
    private readonly authentication: Authentication,
    private readonly invitations: InvitationStore,
    private readonly permissions: RoutePermissions,
  ) {}

  /** @throws ProblemError invalid_cursor */
  list(ctx: CallerContext, query: PageQuery): Promise<InvitationPage> {
    return this.invitations.list(ctx, query);
  }

  /** @throws ProblemError forbidden: the role may do more than the caller; person_required: an invitation names who invites */
  async create(ctx: CallerContext, body: CreateInvitation): Promise<CreatedInvitation> {
    const inviterId = userIdOf(ctx.actor);
    this.permissions.requireMayGive(ctx.actor, 'person', body.role);
    const { invitation, token } = await this.invitations.insert(
      ctx,
      ctx.idempotentId ?? randomUUID(),
      inviterId,
      body,
    );
    return { ...invitation, link: invitationLink(this.config.PUBLIC_URL, token) };
  }

  /** @throws ProblemError invitation_not_found */
  async revoke(ctx: CallerContext, id: string): Promise<void> {
    if (await this.invitations.revoke(ctx, id)) return;
    throw new ProblemError('invitation_not_found', 'It was accepted or revoked already, or never existed.');
  }

  /** @throws ProblemError link_invalid */
  async lookUp(req: Request, token: string): Promise<InvitationPreview> {
    const found = await this.require(token);
    return {
      tenant_name: found.tenantName,
      role: found.role,
      email: found.email,
      invited_by: found.invitedBy,
      expires_at: found.expiresAt.toISOString(),
      signed_in_as: (await this.authentication.personOf(req))?.email ?? null,
    };
  }

  /**
   * Sets the cookie: of a new account, or with the tenant that was joined chosen.
   * @throws ProblemError link_invalid, unauthenticated, already_member, address_taken
   */
  async accept(
    req: Request,
    res: Response,
    { token, new_account: account }: AcceptInvitation,
  ): Promise<void> {
    if (account)
      await this.authentication.replaceCookie(req, res, await this.acceptAsNew(req, token, account));
    else passCookies(await this.acceptAsPerson(req, token), res);
  }

  private async acceptAsPerson(req: Request, token: string): Promise<Headers> {
    const person = await this.authentication.personOf(req);
    if (!person) throw new ProblemError('unauthenticated', 'Sign in first, or create an account.');
    const found = await this.require(token);
    if (await this.invitations.accept(found, token, person, requestOrigin(req)))
      return this.choose(req, found.tenantId);
    if (await this.invitations.isMember(token, person.userId))
      throw new ProblemError(
        'already_member',
        'Open the organisation instead. The link can still be used by others.',
      );
    throw (await this.invitations.byToken(token)) ? wrongAddress() : linkInvalid();
  }

  private async acceptAsNew(
    req: Request,
    token: string,
    { name, email }: NonNullable<AcceptInvitation['new_account']>,
  ): Promise<Headers> {
    const person = { userId: randomUUID(), name, email };
    const found = await this.require(token);
    const accepted = await this.invitations
      .acceptAsNew(found, token, person, requestOrigin(req))
      .catch((error: unknown) => {
        if (!isUniqueViolation(error)) throw error;
        throw new ProblemError('address_taken', 'Sign in with it first, then open the link again.');
      });
    if (!accepted) throw (await this.invitations.byToken(token)) ? wrongAddress() : linkInvalid();
    const { headers } = await this.auth.api.signInAs({
      body: { userId: person.userId, tenantId: found.tenantId },
      headers: webHeaders(req),
      returnHeaders: true,
    });
    return headers;
  }

  /** @throws ProblemError link_invalid */
  private async require(token: string): Promise<FoundInvitation> {
    const found = await this.invitations.byToken(token);
    if (found) return found;
    throw linkInvalid();
  }

  /** Makes the tenant the one of the browser's requests. */
  private async choose(req: Request, tenantId: string): Promise<Headers> {
    const { headers } = await this.auth.api.setActiveOrganization({
      body: { organizationId: tenantId },
      headers: webHeaders(req),
      returnHeaders: true,
    });
    return headers;
  }
}

const linkInvalid = () =>
  new ProblemError(
    'link_invalid',
    'The link has been used already, was revoked, or is too old. Ask for a new one.',
  );

const wrongAddress = () =>
  new ProblemError('invalid_request', 'The invitation is for a person with another e-mail address.', {
    errors: [{ path: '/new_account/email', message: 'is not the address that the invitation is for' }],
  });
