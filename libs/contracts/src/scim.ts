import { z } from 'zod';
import { PROBLEM_CODES } from './problems.js';
import { openEnum } from './open-reading.js';

/*
 * SCIM 2.0 (RFC 7643 and 7644), by which a company's directory says who has joined and who has left. Its names are those of the
 * standard, so they are in camelCase.
 */

export const SCIM_PATH = '/api/scim/v2';
export const SCIM_MEDIA_TYPE = 'application/scim+json';
/** The most that a list gives at once. */
export const SCIM_MAX_RESULTS = 200;

export const SCIM_SCHEMAS = {
  user: 'urn:ietf:params:scim:schemas:core:2.0:User',
  configuration: 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig',
  resourceType: 'urn:ietf:params:scim:schemas:core:2.0:ResourceType',
  schema: 'urn:ietf:params:scim:schemas:core:2.0:Schema',
  list: 'urn:ietf:params:scim:api:messages:2.0:ListResponse',
  patch: 'urn:ietf:params:scim:api:messages:2.0:PatchOp',
  error: 'urn:ietf:params:scim:api:messages:2.0:Error',
} as const;

/** RFC 7644, table 9: those that we use. */
export const SCIM_ERROR_TYPES = ['invalidFilter', 'invalidValue', 'noTarget', 'uniqueness'] as const;
export type ScimErrorType = (typeof SCIM_ERROR_TYPES)[number];

const Schemas = z.array(z.string()).describe('URIs of the schemas of this object');

/** A person of the tenant, as its directory sees them. */
export const ScimUser = z
  .object({
    schemas: Schemas,
    id: z.string(),
    externalId: z.string().optional().describe('What the directory calls the person'),
    userName: z.string().describe('The address of the person'),
    displayName: z.string(),
    emails: z.array(z.object({ value: z.string(), primary: z.boolean() })),
    active: z
      .boolean()
      .describe(
        'False: they were removed. True: they are a member, or the directory expects them to become one',
      ),
    meta: z.object({
      resourceType: z.string(),
      created: z.iso.datetime(),
      location: z.string().describe('The address of this person here'),
    }),
  })
  .meta({ id: 'ScimUser' });
export type ScimUser = z.infer<typeof ScimUser>;

const listOf = <T extends z.ZodType>(resource: T) =>
  z.object({
    schemas: Schemas,
    totalResults: z.int(),
    startIndex: z.int().describe('Of the first one on this page, from 1'),
    itemsPerPage: z.int(),
    Resources: z.array(resource),
  });

/** Answer of `GET /api/scim/v2/Users`. */
export const ScimUserList = listOf(ScimUser).meta({ id: 'ScimUserList' });
export type ScimUserList = z.infer<typeof ScimUserList>;

const UserName = z.string().trim().toLowerCase().max(254).pipe(z.email());
const ExternalId = z.string().max(200);
const Active = z.unknown().describe('A boolean. The texts `true` and `false`, in any case, are taken, too');

/** Body of `POST /api/scim/v2/Users`. Directories send many more attributes, which are ignored. */
export const CreateScimUser = z
  .looseObject({
    userName: UserName.describe('The address of the person'),
    externalId: ExternalId.nullish(),
    displayName: z.string().max(200).nullish(),
    active: Active.optional(),
  })
  .meta({ id: 'CreateScimUser' });
export type CreateScimUser = z.infer<typeof CreateScimUser>;

/** Body of `PUT /api/scim/v2/Users/{user_id}`. Only these two count: names and addresses are the person's own affair. */
export const ReplaceScimUser = z
  .looseObject({ externalId: ExternalId.nullish(), active: Active.optional() })
  .meta({ id: 'ReplaceScimUser' });
export type ReplaceScimUser = z.infer<typeof ReplaceScimUser>;

/** Body of `PATCH /api/scim/v2/Users/{user_id}`. */
export const PatchScimUser = z
  .looseObject({
    Operations: z
      .array(
        z.looseObject({
          op: z
            .string()
            .toLowerCase()
            .regex(/^(add|replace|remove)$/, 'must be add, replace or remove'),
          path: z.string().max(500).nullish().describe('Missing: `value` is an object of attributes'),
          value: z.unknown().optional(),
        }),
      )
      .min(1)
      .max(100),
  })
  .meta({ id: 'PatchScimUser' });
export type PatchScimUser = z.infer<typeof PatchScimUser>;

/** Far beyond what a list has. */
const FAR = 1_000_000_000;
const Counted = z.coerce.number().int().min(-FAR).max(FAR);

/** Query of `GET /api/scim/v2/Users`. A number out of range means the nearest one in it. */
export const ScimListQuery = z.object({
  filter: z.string().max(500).optional().meta({
    description: '`userName`, `externalId`, `id` or `emails.value`, then `eq` and a text in quotes',
  }),
  startIndex: Counted.default(1).meta({ description: 'Of the first one on this page, from 1' }),
  count: Counted.default(100).meta({ description: `How many at most, up to ${SCIM_MAX_RESULTS}` }),
});
export type ScimListQuery = z.infer<typeof ScimListQuery>;

/** Every error of this part of the API, once a route is found. */
export const ScimError = z
  .object({
    schemas: Schemas,
    status: z.string().describe('The status of the answer'),
    scimType: openEnum(SCIM_ERROR_TYPES).optional(),
    detail: z.string().describe('What went wrong, and what to do'),
    code: openEnum(PROBLEM_CODES).describe('As in problem documents. The standard does not have it'),
  })
  .meta({ id: 'ScimError' });
export type ScimError = z.infer<typeof ScimError>;

const Supported = z.looseObject({ supported: z.boolean() });
const Meta = z.object({ resourceType: z.string(), location: z.string() });

/** Answer of `GET /api/scim/v2/ServiceProviderConfig`. */
export const ScimConfiguration = z
  .object({
    schemas: Schemas,
    patch: Supported,
    bulk: Supported,
    filter: Supported,
    changePassword: Supported,
    sort: Supported,
    etag: Supported,
    authenticationSchemes: z.array(
      z.object({ type: z.string(), name: z.string(), description: z.string(), primary: z.boolean() }),
    ),
    meta: Meta,
  })
  .meta({ id: 'ScimConfiguration' });
export type ScimConfiguration = z.infer<typeof ScimConfiguration>;

/** Answer of `GET /api/scim/v2/ResourceTypes`. */
export const ScimResourceTypes = listOf(
  z.object({
    schemas: Schemas,
    id: z.string(),
    name: z.string(),
    endpoint: z.string(),
    description: z.string(),
    schema: z.string(),
    meta: Meta,
  }),
).meta({ id: 'ScimResourceTypes' });
export type ScimResourceTypes = z.infer<typeof ScimResourceTypes>;

/** Answer of `GET /api/scim/v2/Schemas`. */
export const ScimSchemaList = listOf(
  z.object({
    schemas: Schemas,
    id: z.string(),
    name: z.string(),
    description: z.string(),
    attributes: z.array(z.looseObject({ name: z.string(), type: z.string() })),
    meta: Meta,
  }),
).meta({ id: 'ScimSchemaList' });
export type ScimSchemaList = z.infer<typeof ScimSchemaList>;
