import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { ROLES } from './permissions.js';
import { writtenText } from './text.js';

const GivenRole = z.enum(ROLES);
/** An address as people type it; accounts keep it in lower case. */
const EmailAddress = z.string().trim().toLowerCase().max(254).pipe(z.email());

/** A person in a tenant. */
export const Member = z
  .object({
    user_id: z.string(),
    name: z.string(),
    email: z.string(),
    role: openEnum(ROLES),
    joined_at: z.iso.datetime(),
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof Member>;

/** Members, in the order in which they joined. */
export const MemberPage = pageOf(Member, 'MemberPage');
export type MemberPage = z.infer<typeof MemberPage>;

/** Body of `PATCH /api/members/{user_id}`. */
export const UpdateMember = z.strictObject({ role: GivenRole }).meta({ id: 'UpdateMember' });
export type UpdateMember = z.infer<typeof UpdateMember>;

/** An invitation that nobody has accepted yet. */
export const Invitation = z
  .object({
    invitation_id: z.string(),
    role: openEnum(ROLES),
    email: z
      .string()
      .nullable()
      .describe('Only the person with this address can accept it; null: whoever has the link'),
    invited_by: z.string().describe('Name of the person who invites'),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'Invitation' });
export type Invitation = z.infer<typeof Invitation>;

/** Invitations that can still be accepted, newest first. */
export const InvitationPage = pageOf(Invitation, 'InvitationPage');
export type InvitationPage = z.infer<typeof InvitationPage>;

/** Body of `POST /api/invitations`. */
export const CreateInvitation = z
  .strictObject({
    role: GivenRole.default('member'),
    email: EmailAddress.optional().describe('Without it, whoever has the link can accept the invitation'),
    expires_in_days: z.int().min(1).max(30).default(7),
  })
  .meta({ id: 'CreateInvitation' });
export type CreateInvitation = z.infer<typeof CreateInvitation>;

/** Answer of `POST /api/invitations`. */
export const CreatedInvitation = Invitation.extend({
  link: z
    .string()
    .nullable()
    .describe(
      'Works once. Give it to the person in private: it is not shown again. null: it was shown already',
    ),
}).meta({ id: 'CreatedInvitation' });
export type CreatedInvitation = z.infer<typeof CreatedInvitation>;

/** The secret of an invitation's link, which the link carries in its fragment. */
const InvitationToken = z.string().min(1).max(200);

/** Body of `POST /api/invitations/look-up`. */
export const LookUpInvitation = z.strictObject({ token: InvitationToken }).meta({ id: 'LookUpInvitation' });
export type LookUpInvitation = z.infer<typeof LookUpInvitation>;

/** Answer of `POST /api/invitations/look-up`: what the link's holder is invited to. */
export const InvitationPreview = z
  .object({
    tenant_name: z.string(),
    role: openEnum(ROLES),
    email: z.string().nullable(),
    invited_by: z.string(),
    expires_at: z.iso.datetime(),
    signed_in_as: z
      .string()
      .nullable()
      .describe('The address of the person who is signed in at this browser'),
  })
  .meta({ id: 'InvitationPreview' });
export type InvitationPreview = z.infer<typeof InvitationPreview>;

/** Body of `POST /api/invitations/accept`. */
export const AcceptInvitation = z
  .strictObject({
    token: InvitationToken,
    new_account: z
      .strictObject({
        name: writtenText(100),
        email: EmailAddress.optional().describe('Required unless the invitation names the address'),
      })
      .optional()
      .describe(
        'For a person without an account: creates one and signs in. Left out: the person who is signed in joins',
      ),
  })
  .meta({ id: 'AcceptInvitation' });
export type AcceptInvitation = z.infer<typeof AcceptInvitation>;

/** The page that an invitation's link opens; `#token=…` keeps the secret out of requests and logs. */
export const INVITATION_PATH = '/invitation';
export const invitationLink = (origin: string, token: string): string =>
  `${origin}${INVITATION_PATH}#token=${token}`;
