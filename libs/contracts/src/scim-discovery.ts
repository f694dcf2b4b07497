import {
  SCIM_MAX_RESULTS,
  SCIM_PATH,
  SCIM_SCHEMAS,
  type ScimConfiguration,
  type ScimResourceTypes,
  type ScimSchemaList,
} from './scim.js';

/* What directories read to find out what they can do here (RFC 7643, 5 to 7). */

const place = (publicUrl: string, path: string) => `${publicUrl}${SCIM_PATH}/${path}`;

const listOf = <T>(resource: T) => ({
  schemas: [SCIM_SCHEMAS.list],
  totalResults: 1,
  startIndex: 1,
  itemsPerPage: 1,
  Resources: [resource],
});

export const scimConfiguration = (publicUrl: string): ScimConfiguration => ({
  schemas: [SCIM_SCHEMAS.configuration],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: SCIM_MAX_RESULTS },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'API key',
      description: 'A key of a service account, with the scope scim:manage',
      primary: true,
    },
  ],
  meta: {
    resourceType: 'ServiceProviderConfig',
    location: place(publicUrl, 'ServiceProviderConfig'),
  },
});

export const scimResourceTypes = (publicUrl: string): ScimResourceTypes =>
  listOf({
    schemas: [SCIM_SCHEMAS.resourceType],
    id: 'User',
    name: 'User',
    endpoint: '/Users',
    description: 'A person of the organisation',
    schema: SCIM_SCHEMAS.user,
    meta: { resourceType: 'ResourceType', location: place(publicUrl, 'ResourceTypes/User') },
  });

/** Of one value, which any case fits, and which is always returned. */
const attribute = (name: string, description: string, more: object) => ({
  name,
  type: 'string',
  multiValued: false,
  description,
  required: false,
  caseExact: false,
  mutability: 'readOnly',
  returned: 'default',
  uniqueness: 'none',
  ...more,
});

export const scimSchemas = (publicUrl: string): ScimSchemaList =>
  listOf({
    schemas: [SCIM_SCHEMAS.schema],
    id: SCIM_SCHEMAS.user,
    name: 'User',
    description: 'A person of the organisation',
    attributes: [
      attribute('userName', 'The address of the person', {
        required: true,
        mutability: 'immutable',
        uniqueness: 'server',
      }),
      attribute('externalId', 'What the directory calls the person', {
        caseExact: true,
        mutability: 'readWrite',
      }),
      attribute('displayName', 'How the person calls themselves', { mutability: 'immutable' }),
      attribute('active', 'False: the person was removed', { type: 'boolean', mutability: 'readWrite' }),
      attribute('emails', 'The address of the person', {
        type: 'complex',
        multiValued: true,
        subAttributes: [
          attribute('value', 'The address', {}),
          attribute('primary', 'Always true', { type: 'boolean' }),
        ],
      }),
    ],
    meta: { resourceType: 'Schema', location: place(publicUrl, `Schemas/${SCIM_SCHEMAS.user}`) },
  });
