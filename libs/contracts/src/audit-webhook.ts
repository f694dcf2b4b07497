import { z } from 'zod';
import type { AuditEntry } from './audit.js';

/** Entries of one delivery. */
export const AUDIT_WEBHOOK_BATCH = 100;

const WebhookUrl = z
  .string()
  .max(2_000)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, username, password, hash } = new URL(text);
    return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
  }, 'must be an https address without a user name, password or fragment')
  .meta({ format: 'uri' });

/** As Standard Webhooks writes it: 24 to 64 bytes in base64, after a prefix. */
const WebhookSecret = z
  .string()
  .regex(/^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, {
    message: 'must be whsec_ and 24 to 64 bytes in base64',
  })
  .meta({ format: 'password' });

/** Where new entries of the audit log are sent, and how that goes. */
export const AuditWebhook = z
  .object({
    url: z.string(),
    waiting: z.int().describe('Entries that are still to be delivered'),
    last_delivered_at: z.iso.datetime().nullable(),
    failing_since: z.iso.datetime().nullable().describe('null: the last delivery has worked'),
    last_error: z.string().nullable().describe('Why the last delivery has failed, as a sentence'),
    next_attempt_at: z.iso.datetime().nullable().describe('After a failure'),
  })
  .meta({ id: 'AuditWebhook' });
export type AuditWebhook = z.infer<typeof AuditWebhook>;

/** Answer of `GET /api/audit/webhook`. */
export const AuditWebhookSetting = z
  .object({ webhook: AuditWebhook.nullable().describe('null: there is none') })
  .meta({ id: 'AuditWebhookSetting' });
export type AuditWebhookSetting = z.infer<typeof AuditWebhookSetting>;

/** Body of `PUT /api/audit/webhook`. */
export const SetAuditWebhook = z
  .strictObject({
    url: WebhookUrl,
    secret: WebhookSecret.optional().describe(
      'Signs deliveries. Without it the one that is saved stays, or a new one is made and shown once',
    ),
  })
  .meta({ id: 'SetAuditWebhook', examples: [{ url: 'https://siem.example.com/hooks/codex' }] });
export type SetAuditWebhook = z.infer<typeof SetAuditWebhook>;

/** Answer of `PUT /api/audit/webhook`. */
export const SavedAuditWebhook = AuditWebhook.extend({
  secret: z.string().nullable().describe('The secret that was made now, which nobody can read again'),
}).meta({ id: 'SavedAuditWebhook' });
export type SavedAuditWebhook = z.infer<typeof SavedAuditWebhook>;

/** Answer of `POST /api/audit/webhook/test`. */
export const AuditWebhookTest = z
  .object({
    delivered: z.boolean(),
    error: z.string().nullable().describe('Why it was not, as a sentence'),
  })
  .meta({ id: 'AuditWebhookTest' });
export type AuditWebhookTest = z.infer<typeof AuditWebhookTest>;

/** What a receiver gets. A test has no entries. */
export interface AuditDelivery {
  type: 'audit.entries' | 'audit.test';
  timestamp: string;
  data: { tenant_id: string; entries: AuditEntry[] };
}
