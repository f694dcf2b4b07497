import { randomUUID } from 'node:crypto';
import type { Permission } from '@saas-codex/contracts/permissions';

interface Row {
  requires: Permission | 'public';
  /** A body that the operation accepts. */
  body?: object;
  /** Not for API keys. */
  personal?: true;
  /** Names things by query. */
  query?: (ids: Ids) => string;
}

/** What a browser sends, in form. */
const PASSKEY = (response: object) => ({
  id: 'x',
  rawId: 'x',
  type: 'public-key',
  clientExtensionResults: {},
  response: { clientDataJSON: 'x', ...response },
});

/** Nothing listens there (discard). It may be a model server's address. */
export const NOWHERE = '127.0.0.1:9';
/** Its address is a private one. Its secret is nobody's. */
export const WEBHOOK = { url: `https://${NOWHERE}/audit`, secret: `whsec_${'c3BlYy0x'.repeat(4)}` };

/** Every operation of the OpenAPI document, by its operationId: what it requires, and a request that it accepts. */
export const OPERATIONS: Record<string, Row> = {
  readHealth: { requires: 'public' },
  readReadiness: { requires: 'public' },
  signIn: { requires: 'public', body: { token: 'x' } },
  readSignInOptions: { requires: 'public' },
  startOidcSignIn: { requires: 'public' },
  finishOidcSignIn: { requires: 'public' },
  startGithubSignIn: { requires: 'public' },
  finishGithubSignIn: { requires: 'public' },
  signInWithPassword: { requires: 'public', body: { email: 'x@example.org', password: 'x' } },
  signUp: { requires: 'public', body: { email: 'x@example.org' } },
  completeSignUp: { requires: 'public', body: { token: 'x', name: 'X', password: 'a long password' } },
  requestPasswordReset: { requires: 'public', body: { email: 'x@example.org' } },
  completePasswordReset: { requires: 'public', body: { token: 'x', password: 'a long password' } },
  signOut: { requires: 'account:sign_out' },
  readCredentials: { requires: 'account:read' },
  changePassword: { requires: 'account:write', body: { password: 'a long password' }, personal: true },
  updateMe: { requires: 'account:write', body: { name: 'Changed' }, personal: true },
  changeEmail: { requires: 'account:write', body: { email: 'x@example.org' }, personal: true },
  confirmEmail: { requires: 'account:write', body: { token: 'x' }, personal: true },
  listSignIns: { requires: 'account:read', personal: true },
  revokeOtherSignIns: { requires: 'account:write', personal: true },
  revokeSignIn: { requires: 'account:write', personal: true },
  startPasskeySignIn: { requires: 'public' },
  signInWithPasskey: { requires: 'public', body: PASSKEY({ authenticatorData: 'x', signature: 'x' }) },
  listPasskeys: { requires: 'account:read', personal: true },
  startPasskey: { requires: 'account:write', body: {}, personal: true },
  createPasskey: {
    requires: 'account:write',
    body: { name: 'X', credential: PASSKEY({ attestationObject: 'x' }) },
    personal: true,
  },
  updatePasskey: { requires: 'account:write', body: { name: 'X' }, personal: true },
  removePasskey: { requires: 'account:write', personal: true },
  startSecondFactor: { requires: 'account:write', body: {}, personal: true },
  confirmSecondFactor: { requires: 'account:write', body: { code: '123456' }, personal: true },
  removeSecondFactor: { requires: 'account:write', body: { code: '123456' }, personal: true },
  resetMemberSecondFactor: { requires: 'members:reset_password', personal: true },
  resetMemberPassword: { requires: 'members:reset_password', personal: true },
  readMe: { requires: 'account:read' },
  readSystem: { requires: 'system:read' },
  readUsage: { requires: 'usage:read' },
  readLimits: { requires: 'usage:read' },
  updateLimits: { requires: 'limits:manage', body: { run: { tokens: 5_000_000 } } },
  listModels: { requires: 'models:read' },
  updateModels: { requires: 'models:manage', body: { allowed: null } },
  readModelServer: { requires: 'models:read' },
  setModelServer: {
    requires: 'models:manage',
    body: { base_url: `https://${NOWHERE}/v1`, key: 'a-key-of-nobody-0123456789' },
  },
  removeModelServer: { requires: 'models:manage' },
  testModelServer: { requires: 'models:manage' },
  createSession: { requires: 'sessions:write', body: { title: 'New' } },
  listSessions: { requires: 'sessions:read' },
  readSession: { requires: 'sessions:read' },
  readPresence: { requires: 'sessions:read' },
  announcePresence: { requires: 'sessions:read' },
  endPresence: { requires: 'sessions:read' },
  readReadState: { requires: 'sessions:read' },
  markSessionRead: { requires: 'sessions:read' },
  markSessionUnread: { requires: 'sessions:read' },
  updateSession: { requires: 'sessions:write', body: { title: 'Changed' } },
  deleteSession: { requires: 'sessions:write' },
  rewindSession: { requires: 'runs:create', body: { run_id: randomUUID() } },
  undoRewind: { requires: 'runs:create' },
  forkSession: { requires: 'sessions:write', body: { run_id: randomUUID() } },
  createCommit: { requires: 'sessions:ship', body: { tree: '0'.repeat(40) } },
  listCommits: { requires: 'diffs:read' },
  listAgentCommits: { requires: 'sessions:ship' },
  readCommitProposal: { requires: 'diffs:read' },
  readCommit: { requires: 'diffs:read' },
  proposeCommitMessage: { requires: 'runs:create', body: { tree: '0'.repeat(40) } },
  createPush: { requires: 'sessions:ship', body: { commit_id: randomUUID() } },
  listPushes: { requires: 'diffs:read' },
  readPush: { requires: 'diffs:read' },
  promptSession: { requires: 'runs:create', body: { prompt: 'Changed' } },
  warmSession: { requires: 'runs:create' },
  uploadImage: { requires: 'runs:create' },
  readImage: { requires: 'runs:read' },
  startReview: { requires: 'runs:create', body: { target: { type: 'changes' } } },
  compactSession: { requires: 'runs:create' },
  runChecks: { requires: 'runs:create', body: {} },
  listChecks: { requires: 'runs:read' },
  readEvidence: { requires: 'runs:read' },
  listEvidenceKeys: { requires: 'public' },
  runSetup: { requires: 'runs:create' },
  listRuns: { requires: 'runs:read' },
  listAllRuns: { requires: 'runs:read', query: ({ session_id }) => `session_id=${session_id}` },
  readRun: { requires: 'runs:read' },
  listRunItems: { requires: 'events:read' },
  readRunHistory: { requires: 'events:read' },
  revertChanges: { requires: 'runs:create', body: { scope: 'all' } },
  applyPatch: { requires: 'runs:create', body: { patch: 'diff' } },
  startKeepGreen: { requires: 'sessions:ship', body: { max_tries: 1 } },
  stopKeepGreen: { requires: 'sessions:ship' },
  getBaseBranch: { requires: 'runs:create' },
  updateFromBase: { requires: 'runs:create' },
  writeFile: { requires: 'runs:create', body: { path: 'a', content: '', tree: 'a'.repeat(40) } },
  editPrompt: { requires: 'runs:create', body: { prompt: 'Changed' } },
  runNext: { requires: 'runs:create' },
  steerRun: { requires: 'runs:create', body: { prompt: 'Changed' } },
  sendPromptNow: { requires: 'runs:create' },
  listSteers: { requires: 'runs:read' },
  readSteer: { requires: 'runs:read' },
  orderQueue: { requires: 'runs:create', body: { run_ids: [randomUUID()] } },
  cancelRun: { requires: 'runs:cancel' },
  listApprovals: { requires: 'runs:read' },
  decideApproval: { requires: 'runs:approve', body: { decision: 'accept' } },
  readDiff: { requires: 'diffs:read' },
  readFilePatch: { requires: 'diffs:read', query: () => 'path=README.md' },
  findPaths: { requires: 'diffs:read' },
  readPullRequest: { requires: 'diffs:read' },
  openPullRequest: { requires: 'sessions:ship', body: { title: 'Changed' } },
  updatePullRequest: { requires: 'sessions:ship', body: { title: 'Changed' } },
  downloadPatch: { requires: 'diffs:read' },
  listComments: { requires: 'diffs:read' },
  createComment: {
    requires: 'comments:write',
    body: {
      path: 'README.md',
      tree: 'a'.repeat(40),
      side: 'new',
      first_line: 1,
      last_line: 1,
      text: 'Changed',
    },
  },
  sendComments: { requires: 'runs:create', body: {} },
  readComment: { requires: 'diffs:read' },
  updateComment: { requires: 'comments:write', body: { resolved: true } },
  deleteComment: { requires: 'comments:write' },
  listFiles: { requires: 'diffs:read' },
  readFile: { requires: 'diffs:read', query: () => 'path=README.md' },
  downloadFile: { requires: 'diffs:read', query: () => 'path=README.md' },
  readFileImage: { requires: 'diffs:read', query: () => 'path=README.md' },
  searchFiles: { requires: 'diffs:read', query: () => 'q=text' },
  readReviewProgress: { requires: 'diffs:read' },
  updateReviewProgress: { requires: 'diffs:read', body: { viewed: [{ path: 'a', content_id: null }] } },
  listIgnoredFiles: { requires: 'diffs:read' },
  downloadIgnoredFile: { requires: 'diffs:read', query: () => 'path=README.md' },
  downloadIgnoredFiles: { requires: 'diffs:read' },
  readHome: { requires: 'diffs:read' },
  resetHome: { requires: 'sessions:write' },
  streamRunEvents: { requires: 'events:read' },
  streamActivity: { requires: 'events:read', query: ({ run_id }) => `runs=${run_id}` },
  listShareLinks: { requires: 'sessions:share' },
  createShareLink: { requires: 'sessions:share', body: {} },
  revokeShareLink: { requires: 'sessions:share' },
  openShareLink: { requires: 'public', body: { token: 'x' } },
  listApiKeys: { requires: 'api_keys:own' },
  createApiKey: { requires: 'api_keys:own', body: { name: 'New' } },
  revokeApiKey: { requires: 'api_keys:own' },
  listSecrets: { requires: 'secrets:read' },
  createSecret: { requires: 'secrets:manage', body: { name: 'NEW', value: 'a new value' } },
  updateSecret: { requires: 'secrets:manage', body: { value: 'another value' } },
  deleteSecret: { requires: 'secrets:manage' },
  listCredentials: { requires: 'credentials:own' },
  createCredential: {
    requires: 'credentials:own',
    body: { host: 'github.com', token: 'a-new-token' },
  },
  replaceCredential: { requires: 'credentials:own', body: { token: 'another-token' } },
  removeCredential: { requires: 'credentials:own' },
  findHostKeys: { requires: 'credentials:own' },
  confirmHostKeys: { requires: 'credentials:own', body: { fingerprints: ['SHA256:x'] } },
  testCredential: { requires: 'credentials:own', body: { repo_url: 'https://github.com/acme/app' } },
  listRepositoryRules: { requires: 'sessions:ship' },
  createRepositoryRule: { requires: 'shipping:manage', body: { host: 'new.example.test' } },
  updateRepositoryRule: { requires: 'shipping:manage', body: { allow_default_branch: true } },
  removeRepositoryRule: { requires: 'shipping:manage' },
  readSigningKey: { requires: 'sessions:ship' },
  createSigningKey: { requires: 'shipping:manage' },
  removeSigningKey: { requires: 'shipping:manage' },
  listForges: { requires: 'credentials:own' },
  connectForge: {
    requires: 'credentials:own',
    body: { kind: 'github', url: 'https://new.example.test', token: 'a-new-token' },
  },
  beginGithubApp: { requires: 'credentials:manage', body: { organisation: 'acme' } },
  convertGithubApp: { requires: 'credentials:manage', body: { code: 'x', state: 'x' } },
  replaceForgeToken: { requires: 'credentials:own', body: { token: 'another-token' } },
  disconnectForge: { requires: 'credentials:own' },
  testForge: { requires: 'credentials:own' },
  createForgeWebhook: { requires: 'credentials:own' },
  receiveForgeWebhook: { requires: 'public', body: { repository: { full_name: 'acme/app' } } },
  searchRepositories: { requires: 'credentials:own' },
  listRepositoryRefs: { requires: 'credentials:own' },
  listServiceAccounts: { requires: 'service_accounts:manage' },
  createServiceAccount: { requires: 'service_accounts:manage', body: { name: 'New' } },
  updateServiceAccount: { requires: 'service_accounts:manage', body: { name: 'Changed' } },
  deleteServiceAccount: { requires: 'service_accounts:manage' },
  listServiceAccountKeys: { requires: 'service_accounts:manage' },
  createServiceAccountKey: { requires: 'service_accounts:manage', body: { name: 'New' }, personal: true },
  revokeServiceAccountKey: { requires: 'service_accounts:manage' },
  listTenants: { requires: 'tenants:read' },
  createTenant: { requires: 'tenants:create', body: { name: 'New' } },
  chooseTenant: { requires: 'tenants:read' },
  updateTenant: { requires: 'tenants:update', body: { name: 'Changed' } },
  deleteTenant: { requires: 'tenants:delete', query: () => 'name=Personal' },
  restoreTenant: { requires: 'tenants:delete' },
  leaveTenant: { requires: 'account:leave' },
  listMembers: { requires: 'members:read' },
  updateMember: { requires: 'members:manage', body: { role: 'viewer' } },
  removeMember: { requires: 'members:manage' },
  listInvitations: { requires: 'members:manage' },
  createInvitation: { requires: 'members:manage', body: { role: 'viewer' } },
  revokeInvitation: { requires: 'members:manage' },
  readScimConfiguration: { requires: 'scim:manage' },
  listScimResourceTypes: { requires: 'scim:manage' },
  listScimSchemas: { requires: 'scim:manage' },
  listScimUsers: { requires: 'scim:manage' },
  createScimUser: { requires: 'scim:manage', body: { userName: 'expected@example.org' } },
  readScimUser: { requires: 'scim:manage' },
  replaceScimUser: { requires: 'scim:manage', body: { active: true } },
  updateScimUser: {
    requires: 'scim:manage',
    body: { Operations: [{ op: 'add', path: 'active', value: true }] },
  },
  deleteScimUser: { requires: 'scim:manage' },
  listAudit: { requires: 'audit:read' },
  exportAudit: { requires: 'audit:read' },
  readAuditWebhook: { requires: 'audit:read' },
  setAuditWebhook: { requires: 'audit:manage', body: WEBHOOK },
  removeAuditWebhook: { requires: 'audit:manage' },
  testAuditWebhook: { requires: 'audit:manage' },
  lookUpInvitation: { requires: 'public', body: { token: 'x' } },
  acceptInvitation: {
    requires: 'public',
    body: { token: 'x', new_account: { name: 'New', email: 'new@example.com' } },
  },
};

/** What paths and queries name. */
export interface Ids {
  session_id: string;
  run_id: string;
  approval_id: string;
  steer_id: string;
  comment_id: string;
  commit_id: string;
  push_id: string;
  image_id: string;
  evidence_id: string;
  tenant_id: string;
  user_id: string;
  invitation_id: string;
  key_id: string;
  secret_id: string;
  credential_id: string;
  forge_id: string;
  rule_id: string;
  sign_in_id: string;
  share_link_id: string;
  service_account_id: string;
  passkey_id: string;
}
export const NOTHING: Ids = {
  session_id: randomUUID(),
  run_id: randomUUID(),
  approval_id: randomUUID(),
  steer_id: randomUUID(),
  comment_id: randomUUID(),
  commit_id: randomUUID(),
  push_id: randomUUID(),
  image_id: randomUUID(),
  evidence_id: randomUUID(),
  tenant_id: randomUUID(),
  user_id: randomUUID(),
  invitation_id: randomUUID(),
  key_id: randomUUID(),
  secret_id: randomUUID(),
  credential_id: randomUUID(),
  forge_id: randomUUID(),
  rule_id: randomUUID(),
  sign_in_id: randomUUID(),
  share_link_id: randomUUID(),
  service_account_id: randomUUID(),
  passkey_id: randomUUID(),
};

export interface Operation {
  id: string;
  method: string;
  path: string;
}

/** An answer without what the caller itself has named. */
export const anonymous = (body: string, ids: Ids): string =>
  Object.values(ids as unknown as Record<string, string>)
    .reduce((text, id) => text.replaceAll(id, 'ID'), body)
    .replace(/"request_id":"[^"]+"/, '');

/** The ids of the operations that require such a permission. */
export const requiring = (matches: (permission: Permission) => boolean): string[] =>
  Object.entries(OPERATIONS)
    .flatMap(([id, { requires }]) => (requires !== 'public' && matches(requires) ? [id] : []))
    .toSorted();
