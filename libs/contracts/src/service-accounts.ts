import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { ROLES } from './permissions.js';
import { writtenText } from './text.js';

/** The roles that a service account can have. Owners are people. */
export const SERVICE_ACCOUNT_ROLES = ['admin', 'member', 'viewer'] as const;
export type ServiceAccountRole = (typeof SERVICE_ACCOUNT_ROLES)[number];

const name = writtenText(100);
const role = z.enum(SERVICE_ACCOUNT_ROLES);

/** A program that acts in one tenant as itself, with keys of its own. It stays when the person who created it leaves. */
export const ServiceAccount = z
  .object({
    service_account_id: z.string(),
    name: z.string(),
    role: openEnum(ROLES),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'ServiceAccount' });
export type ServiceAccount = z.infer<typeof ServiceAccount>;

/** Service accounts, newest first. */
export const ServiceAccountPage = pageOf(ServiceAccount, 'ServiceAccountPage');
export type ServiceAccountPage = z.infer<typeof ServiceAccountPage>;

/** Body of `POST /api/service-accounts`. */
export const CreateServiceAccount = z
  .strictObject({ name, role: role.default('member') })
  .meta({ id: 'CreateServiceAccount' });
export type CreateServiceAccount = z.infer<typeof CreateServiceAccount>;

/** Body of `PATCH /api/service-accounts/{service_account_id}`. */
export const UpdateServiceAccount = z
  .strictObject({ name: name.optional(), role: role.optional() })
  .refine((body) => Object.keys(body).length > 0, 'give name or role')
  .meta({ id: 'UpdateServiceAccount', minProperties: 1 });
export type UpdateServiceAccount = z.infer<typeof UpdateServiceAccount>;
