import { SCIM_SCHEMAS, type ScimUser, type ScimUserList } from '@saas-codex/contracts/scim';
import { scimConfiguration, scimResourceTypes, scimSchemas } from '@saas-codex/contracts/scim-discovery';

const PUBLIC_URL = 'https://codex.example.com';
const USER: ScimUser = {
  schemas: [SCIM_SCHEMAS.user],
  id: 'Zk1vTq8mXc3rWb6y',
  externalId: '00u1a2b3c4',
  userName: 'ada@example.com',
  displayName: 'Ada',
  emails: [{ value: 'ada@example.com', primary: true }],
  active: true,
  meta: {
    resourceType: 'User',
    created: '2026-11-02T08:00:00.000Z',
    location: `${PUBLIC_URL}/api/scim/v2/Users/Zk1vTq8mXc3rWb6y`,
  },
};
const LIST: ScimUserList = {
  schemas: [SCIM_SCHEMAS.list],
  totalResults: 1,
  startIndex: 1,
  itemsPerPage: 1,
  Resources: [USER],
};

/** Answers to a company's directory, by operation. */
export const SCIM_EXAMPLES = {
  readScimConfiguration: { configuration: scimConfiguration(PUBLIC_URL) },
  listScimResourceTypes: { types: scimResourceTypes(PUBLIC_URL) },
  listScimSchemas: { schemas: scimSchemas(PUBLIC_URL) },
  listScimUsers: { found: LIST },
  createScimUser: { expected: USER },
  readScimUser: { member: USER },
  replaceScimUser: { removed: { ...USER, active: false } },
  updateScimUser: { removed: { ...USER, active: false } },
};
