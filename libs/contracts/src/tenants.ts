import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { ROLES } from './permissions.js';
import { writtenText } from './text.js';

/** Days in which a deleted tenant can be restored. After them its data is removed for ever. */
export const TENANT_GRACE_DAYS = 14;

const TenantName = writtenText(100);

/** A tenant (an organisation) that the caller belongs to. */
export const Tenant = z
  .object({
    tenant_id: z.string(),
    name: z.string(),
    role: openEnum(ROLES).describe('Your role there'),
    current: z.boolean().describe('true: the tenant of this request'),
    created_at: z.iso.datetime(),
    deletes_at: z.iso
      .datetime()
      .nullable()
      .describe('It was deleted: its data is removed at this time. Until then an owner can restore it'),
  })
  .meta({ id: 'Tenant' });
export type Tenant = z.infer<typeof Tenant>;

/** The caller's tenants, in the order in which they joined. */
export const TenantPage = pageOf(Tenant, 'TenantPage');
export type TenantPage = z.infer<typeof TenantPage>;

/** Body of `POST /api/tenants`. */
export const CreateTenant = z.strictObject({ name: TenantName }).meta({ id: 'CreateTenant' });
export type CreateTenant = z.infer<typeof CreateTenant>;

/** Body of `PATCH /api/tenants/{tenant_id}`. */
export const UpdateTenant = z.strictObject({ name: TenantName }).meta({ id: 'UpdateTenant' });
export type UpdateTenant = z.infer<typeof UpdateTenant>;

/** Query of `DELETE /api/tenants/{tenant_id}`. */
export const DeleteTenantQuery = z.object({
  name: z.string().max(200).describe('The name of the tenant, so that no other one is deleted by mistake'),
});
export type DeleteTenantQuery = z.infer<typeof DeleteTenantQuery>;
