import type { ApiKey, CreatedApiKey } from '@saas-codex/contracts/api-keys';
import type { AuditEntry } from '@saas-codex/contracts/audit';
import type { AuditWebhook, SavedAuditWebhook } from '@saas-codex/contracts/audit-webhook';
import type { Credential } from '@saas-codex/contracts/credentials';
import type {
  Forge,
  ForgeTest,
  GithubAppForm,
  RepositoryRefs,
  RepositorySearch,
} from '@saas-codex/contracts/forges';
import type { Secret } from '@saas-codex/contracts/secrets';
import type { CreatedInvitation, Invitation, InvitationPreview, Member } from '@saas-codex/contracts/members';
import type { RepositoryRule } from '@saas-codex/contracts/repository-rules';
import type { CommitSigning } from '@saas-codex/contracts/signing-key';
import type { ServiceAccount } from '@saas-codex/contracts/service-accounts';
import type {
  Credentials,
  PasswordResetLink,
  SignInEntry,
  SignInOptions,
} from '@saas-codex/contracts/sign-in';
import type { CreatedShareLink, OpenedShareLink, ShareLink } from '@saas-codex/contracts/sharing';
import type { Tenant } from '@saas-codex/contracts/tenants';

export const MEMBER: Member = {
  user_id: 'Zk1vTq8mXc3rWb6y',
  name: 'Ada',
  email: 'ada@example.com',
  role: 'owner',
  joined_at: '2026-11-02T08:00:00.000Z',
};
export const TENANT: Tenant = {
  tenant_id: 'local',
  name: 'Local',
  role: 'owner',
  current: true,
  created_at: '2026-11-02T08:00:00.000Z',
  deletes_at: null,
};
export const INVITATION: Invitation = {
  invitation_id: 'p3Jq7WnUe0sHd5Ka',
  role: 'member',
  email: 'grace@example.com',
  invited_by: 'Ada',
  created_at: '2026-11-23T09:00:00.000Z',
  expires_at: '2026-11-30T09:00:00.000Z',
};
export const CREATED_INVITATION: CreatedInvitation = {
  ...INVITATION,
  link: 'https://codex.example.com/invitation#token=the-secret-of-this-link',
};
export const INVITATION_PREVIEW: InvitationPreview = {
  tenant_name: 'Local',
  role: 'member',
  email: 'grace@example.com',
  invited_by: 'Ada',
  expires_at: '2026-11-30T09:00:00.000Z',
  signed_in_as: null,
};

export const AUDIT_ENTRY: AuditEntry = {
  entry_id: '01a20ab5-ae54-7856-92ea-c8912e0f8d29',
  at: '2026-11-23T09:00:00.000Z',
  action: 'member.role_changed',
  outcome: 'done',
  problem: null,
  count: 1,
  actor: { kind: 'person', id: 'Zk1vTq8mXc3rWb6y', name: 'Ada' },
  credential: { kind: 'cookie', id: 'c0VtYq2mPz8nXr5s', name: null },
  address: '203.0.113.7',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0',
  request_id: '0b6f2c4e-7d1a-4f5b-9a57-2f6b8c1d3e40',
  target: { kind: 'member', id: 'p3Jq7WnUe0sHd5Ka', name: 'Grace' },
  changes: { role: { old: 'member', new: 'admin' } },
};

export const AUDIT_WEBHOOK: AuditWebhook = {
  url: 'https://siem.example.com/hooks/codex',
  waiting: 3,
  last_delivered_at: '2026-11-23T09:00:01.000Z',
  failing_since: '2026-11-23T11:30:00.000Z',
  last_error: 'The receiver answered 503.',
  next_attempt_at: '2026-11-23T11:30:40.000Z',
};
export const CREATED_AUDIT_WEBHOOK: SavedAuditWebhook = {
  url: AUDIT_WEBHOOK.url,
  waiting: 0,
  last_delivered_at: null,
  failing_since: null,
  last_error: null,
  next_attempt_at: null,
  secret: 'whsec_the-rest-of-this-secret',
};

export const API_KEY: ApiKey = {
  key_id: 'nB5rTg2yHu8mQz1x',
  name: 'Nightly checks',
  start: 'cdx_Vt',
  scopes: ['sessions:read', 'runs:read'],
  created_at: '2026-11-23T09:00:00.000Z',
  expires_at: '2027-02-21T09:00:00.000Z',
  last_used_at: '2026-11-24T02:00:00.000Z',
};
export const CREATED_API_KEY: CreatedApiKey = {
  ...API_KEY,
  last_used_at: null,
  key: 'cdx_Vt-the-rest-of-this-key',
};
export const SECRET: Secret = {
  secret_id: '01997c3e-5b1d-7a52-9c8e-2f4d6a8b0c1d',
  kind: 'environment',
  name: 'NPM_TOKEN',
  created_at: '2026-11-23T09:00:00.000Z',
  updated_at: '2026-11-24T10:30:00.000Z',
};
export const CREDENTIAL: Credential = {
  credential_id: '01997c3e-5b1d-7a52-9c8e-2f4d6a8b0c2e',
  kind: 'token',
  owner: 'person',
  host: 'github.com',
  path: 'acme',
  username: 'git',
  public_key: null,
  host_keys: null,
  host_keys_confirmed_at: null,
  created_at: '2026-11-23T09:00:00.000Z',
  last_used_at: '2026-11-24T10:30:00.000Z',
  refused_at: null,
};
export const SSH_KEY: Credential = {
  ...CREDENTIAL,
  credential_id: '01997c3e-5b1d-7a52-9c8e-2f4d6a8b0c3f',
  kind: 'ssh_key',
  owner: 'organisation',
  host: 'git.example.org',
  path: '',
  username: null,
  public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6Jm0d3b0Vb1kq0m1uS4p8o9x2yq7cJtq5YyXcBvQ2f',
  host_keys: [{ type: 'ssh-ed25519', fingerprint: 'SHA256:hJk4Kq0m1uS4p8o9x2yq7cJtq5YyXcBvQ2fE6Jm0d3b' }],
  last_used_at: null,
};
export const FORGE: Forge = {
  forge_id: '01997c3e-5b1d-7a52-9c8e-2f4d6a8b0c4a',
  kind: 'github',
  owner: 'person',
  url: 'https://github.com',
  host: 'github.com',
  workspace: null,
  login: 'ada',
  created_at: '2026-11-23T09:00:00.000Z',
  last_used_at: '2026-11-24T10:30:00.000Z',
  refused_at: null,
};
export const GITHUB_APP: Forge = {
  ...FORGE,
  forge_id: '01997c3e-5b1d-7a52-9c8e-2f4d6a8b0c4c',
  owner: 'organisation',
  login: null,
  last_used_at: null,
  github_app: {
    name: 'saas-codex-acme',
    url: 'https://github.com/apps/saas-codex-acme',
    install_url: 'https://github.com/apps/saas-codex-acme/installations/new',
  },
};

export const GITHUB_APP_FORM: GithubAppForm = {
  url: 'https://github.com/organizations/acme/settings/apps/new',
  state: 'c29tZSBieXRlcyB0aGF0IGFyZSBub2JvZHkncw',
  manifest: JSON.stringify({
    name: 'saas-codex-acme',
    url: 'https://codex.example.org',
    redirect_url: 'https://codex.example.org/settings/github-app',
    public: false,
    default_permissions: { contents: 'write', metadata: 'read', pull_requests: 'write' },
  }),
  expires_at: '2026-11-24T11:30:00.000Z',
};

export const REPOSITORY_RULE: RepositoryRule = {
  rule_id: '01997c3e-5b1d-7a52-9c8e-2f4d6a8b0c4d',
  host: 'github.com',
  path: 'acme',
  branch_pattern: 'codex/{person}/{title}-{id}',
  allow_default_branch: false,
  created_at: '2026-11-23T09:00:00.000Z',
  updated_at: '2026-11-23T09:00:00.000Z',
};
export const COMMIT_SIGNING: CommitSigning = {
  key: {
    public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDCNyuJ3kkRGWH7Ne1ljyVXZEJhZ0gPzfL1NpSUO8sYf',
    fingerprint: 'SHA256:4nkKSxyQ5bFLSkR3F0cLvJ7o0mXcVfPdK4mUqQ7bM2s',
    created_at: '2026-11-23T09:00:00.000Z',
  },
};
export const FORGE_TEST: ForgeTest = {
  works: true,
  detail: 'github.com takes the token of ada, which lacks rights. Give it those at the forge, or replace it.',
  login: 'ada',
  rights: [
    { right: 'identity', state: 'works', detail: 'GitHub takes the token.' },
    { right: 'push', state: 'missing', detail: 'Push branches. The token needs the scope repo.' },
  ],
  expires_at: '2027-02-21T09:00:00.000Z',
  retry_at: null,
};
export const REPOSITORY_SEARCH: RepositorySearch = {
  items: [
    {
      repo_url: 'https://github.com/acme/app.git',
      name: 'acme/app',
      description: 'The shop',
      private: true,
      default_branch: 'main',
      may_push: true,
      forge_id: FORGE.forge_id,
    },
  ],
  failed: [
    {
      forge_id: '01997c3e-5b1d-7a52-9c8e-2f4d6a8b0c4b',
      host: 'git.example.org',
      detail: 'git.example.org limits requests. It is asked again when it allows it.',
      retry_at: '2026-11-24T11:00:00.000Z',
    },
  ],
};
export const REPOSITORY_REFS: RepositoryRefs = {
  default_branch: 'main',
  branches: ['main', 'next'],
  tags: ['v1.10', 'v1.9'],
  is_complete: true,
};
export const SERVICE_ACCOUNT: ServiceAccount = {
  service_account_id: 'rT4kPz7wLn1dXs8v',
  name: 'Nightly checks',
  role: 'member',
  created_at: '2026-11-23T09:00:00.000Z',
};
export const SIGN_IN_OPTIONS: SignInOptions = { sign_up: 'closed', mail: true, signed_in_as: null };
export const CREDENTIALS: Credentials = {
  password: true,
  email_change: true,
  second_factor: { enabled: true, recovery_codes: 9 },
};
export const SIGN_IN_ENTRY: SignInEntry = {
  sign_in_id: 'eW6cVb9nMk3jLp7s',
  created_at: '2026-11-20T08:15:00.000Z',
  last_used_at: '2026-11-24T09:30:00.000Z',
  address: '203.0.113.7',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  current: true,
};
export const PASSWORD_RESET_LINK: PasswordResetLink = {
  url: 'https://codex.example.com/reset-password#token=the-secret-of-this-link',
  expires_at: '2026-11-24T10:00:00.000Z',
};

const SHARE_LINK_ID = '01960f3e-6a1c-7b2d-8e4f-5a6b7c8d9e0f';
export const SHARE_LINK: ShareLink = {
  share_link_id: SHARE_LINK_ID,
  created_by: 'Zk1vTq8mXc3rWb6y',
  created_at: '2026-11-23T09:00:00.000Z',
  expires_at: '2026-12-23T09:00:00.000Z',
  last_opened_at: null,
};
export const CREATED_SHARE_LINK: CreatedShareLink = {
  ...SHARE_LINK,
  link: `https://codex.example.com/shared/${SHARE_LINK_ID}#token=the-secret-of-this-link`,
};
export const OPENED_SHARE_LINK: OpenedShareLink = {
  share_link_id: SHARE_LINK_ID,
  session_id: '01960f3a-1b2c-7d3e-8f40-5a6b7c8d9e0f',
  organisation: 'Local',
  expires_at: '2026-12-23T09:00:00.000Z',
};
