import { z } from 'zod';
import { AccountId } from './ids.js';
import { openEnum } from './open-reading.js';
import { pageOf, PageQuery, Timestamp } from './pagination.js';
import { PROBLEM_CODES } from './problems.js';

/** Who can act. A visitor is somebody without an account, with a link that was shared. */
export const AUDIT_ACTORS = ['person', 'service_account', 'visitor', 'system'] as const;
export type AuditActorKind = (typeof AUDIT_ACTORS)[number];

/** With what: the cookie of a sign-in, an API key, a shared link; or what somebody signs in with. */
export const AUDIT_CREDENTIALS = [
  'cookie',
  'api_key',
  'share_link',
  'password',
  'one_time_link',
  'provider',
  'passkey',
] as const;
export type AuditCredentialKind = (typeof AUDIT_CREDENTIALS)[number];

/** What something can be done to. */
export const AUDIT_TARGETS = [
  'account',
  'api_key',
  'audit_log',
  'forge',
  'git_credential',
  'invitation',
  'limits',
  'member',
  'models',
  'operation',
  'passkey',
  'repository_rule',
  'run',
  'secret',
  'service_account',
  'session',
  'share_link',
  'sign_in',
  'signing_key',
  'tenant',
] as const;
export type AuditTargetKind = (typeof AUDIT_TARGETS)[number];

export const AUDIT_OUTCOMES = ['done', 'refused'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Old and new value of each named field. What may hold a secret is never among them. */
export const AuditChanges = z.record(z.string(), z.object({ old: z.unknown(), new: z.unknown() }));
export type AuditChanges = z.infer<typeof AuditChanges>;

/** One entry of a tenant's audit log: who did what to which thing, from where, with which credential. */
export const AuditEntry = z
  .object({
    entry_id: z.uuid(),
    at: z.iso.datetime(),
    action: z.string().describe('What was done, such as `member.role_changed`'),
    outcome: openEnum(AUDIT_OUTCOMES),
    problem: openEnum(PROBLEM_CODES).nullable().describe('Why it was refused'),
    count: z
      .int()
      .describe('How often, within one minute: what may be repeated without end has one entry for several'),
    actor: z.object({
      kind: openEnum(AUDIT_ACTORS),
      id: z.string().nullable(),
      name: z.string().nullable().describe('As it was then'),
    }),
    credential: z
      .object({
        kind: openEnum(AUDIT_CREDENTIALS),
        id: z.string().nullable().describe('Of the sign-in, the API key or the shared link'),
        name: z.string().nullable(),
      })
      .nullable(),
    address: z.string().nullable().describe('IP address of the client'),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable(),
    target: z
      .object({
        kind: openEnum(AUDIT_TARGETS),
        id: z.string().nullable(),
        name: z.string().nullable().describe('As it was then'),
      })
      .nullable(),
    changes: AuditChanges.nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Entries, newest first. */
export const AuditPage = pageOf(AuditEntry, 'AuditPage');
export type AuditPage = z.infer<typeof AuditPage>;

/** Which entries a list or an export has. */
const filters = {
  actor: z
    .string()
    .regex(/^[\w:-]{1,100}$/)
    .optional()
    .describe('Id of a person or a service account, or `system:` and a part of it'),
  action: z
    .string()
    .regex(/^[a-z_]{1,50}(\.[a-z_]{1,50})?$/)
    .optional()
    .describe('An action, such as `member.role_changed`, or all of a kind: `member`'),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  target: AccountId.optional().describe('Id of what it was done to'),
  from: Timestamp.optional().describe('Only entries at this time or later'),
  to: Timestamp.optional().describe('Only entries before this time'),
};

/** Query of `GET /api/audit`. */
export const AuditQuery = PageQuery.extend(filters);
export type AuditQuery = z.infer<typeof AuditQuery>;

export const AUDIT_FORMATS = ['csv', 'ndjson'] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];
/** Entries of one export. */
export const AUDIT_EXPORT_LIMIT = 100_000;

/** Query of `GET /api/audit/export`. */
export const AuditExportQuery = z.object({ format: z.enum(AUDIT_FORMATS).default('csv'), ...filters });
export type AuditExportQuery = z.infer<typeof AuditExportQuery>;
export type AuditFilters = Omit<AuditExportQuery, 'format'>;
