import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { PERMISSIONS } from './permissions.js';
import { writtenText } from './text.js';

/** A key with which a program acts for a person, or as a service account, in one tenant. It never may more than the role there. */
export const ApiKey = z
  .object({
    key_id: z.string(),
    name: z.string(),
    start: z.string().describe('Its first characters, by which you recognise it'),
    scopes: z
      .array(openEnum(PERMISSIONS))
      .nullable()
      .describe('The only permissions that it has; null: all those of the role'),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable().describe('To about a minute'),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

/** The keys of a person or a service account in this tenant, newest first. */
export const ApiKeyPage = pageOf(ApiKey, 'ApiKeyPage');
export type ApiKeyPage = z.infer<typeof ApiKeyPage>;

/** Body of `POST /api/api-keys` and `POST /api/service-accounts/{service_account_id}/keys`. */
export const CreateApiKey = z
  .strictObject({
    name: writtenText(100),
    scopes: z
      .array(z.enum(PERMISSIONS))
      .min(1)
      .optional()
      .describe(
        'The only permissions that the key has, of those of the role. Left out: all those of the role',
      ),
    expires_in_days: z.int().min(1).max(365).nullable().default(90).describe('null: it never expires'),
  })
  .meta({ id: 'CreateApiKey' });
export type CreateApiKey = z.infer<typeof CreateApiKey>;

/** A key that was just made. */
export const CreatedApiKey = ApiKey.extend({
  key: z.string().nullable().describe('The key itself. It is not shown again. null: it was shown already'),
}).meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;
