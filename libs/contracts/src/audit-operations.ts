import type { AuditCredentialKind, AuditTargetKind } from './audit.js';

/** What the audit log keeps of an operation that has succeeded. */
export interface AuditRule {
  action: `${string}.${string}`;
  target: AuditTargetKind;
  /**
   * Where the target's id is: a parameter of the path, else a field of the answer. Without it, an account is that of the one who
   * acts, and a tenant has only one of anything else.
   */
  id?: string;
  /** The field of the answer that names the target. */
  name?: string;
  /**
   * Fields of the request's body that the entry keeps, for operations that do not note old and new values themselves.
   * Never one that may hold a secret: no password, token, prompt or script.
   */
  fields?: readonly string[];
  /** Fields of the body that hold a secret: the entry says only that there is a new value. */
  hidden?: readonly string[];
  /**
   * `account`: it concerns the whole account, so every tenant of the person has the entry. `target`: the tenant that was
   * created has it. Default: the tenant of the request.
   */
  tenant?: 'account' | 'target';
  /** For routes without a caller: what shows there who acts. */
  by?: Extract<AuditCredentialKind, 'password' | 'one_time_link' | 'provider' | 'passkey'>;
}

/** An operation that is not a GET and still has no entry, and why. */
interface Unaudited {
  unaudited: string;
}

/**
 * The one table of what the audit log keeps, by the operationId of the OpenAPI document. Every operation that changes something is
 * here; one that only reads can be, too. What the table does not name, work of the system for example, is recorded by a call
 * of `AuditLog` in the backend.
 */
export const AUDIT_OPERATIONS: Readonly<Record<string, AuditRule | Unaudited>> = {
  signIn: { action: 'account.signed_in', target: 'account', tenant: 'account', by: 'one_time_link' },
  signInWithPassword: {
    action: 'account.signed_in',
    target: 'account',
    tenant: 'account',
    by: 'password',
  },
  finishOidcSignIn: { action: 'account.signed_in', target: 'account', tenant: 'account', by: 'provider' },
  finishGithubSignIn: { action: 'account.signed_in', target: 'account', tenant: 'account', by: 'provider' },
  startPasskeySignIn: { unaudited: 'It makes a challenge. Who answers it is recorded.' },
  signInWithPasskey: { action: 'account.signed_in', target: 'account', tenant: 'account', by: 'passkey' },
  startPasskey: { unaudited: 'It makes a challenge. The passkey that answers it is recorded.' },
  createPasskey: { action: 'passkey.created', target: 'passkey', id: 'passkey_id', tenant: 'account' },
  updatePasskey: { action: 'passkey.renamed', target: 'passkey', id: 'passkey_id', tenant: 'account' },
  removePasskey: { action: 'passkey.removed', target: 'passkey', id: 'passkey_id', tenant: 'account' },
  startSecondFactor: { unaudited: 'It has no effect until it is confirmed, which is recorded.' },
  confirmSecondFactor: { action: 'account.second_factor_set', target: 'account', tenant: 'account' },
  removeSecondFactor: { action: 'account.second_factor_removed', target: 'account', tenant: 'account' },
  resetMemberSecondFactor: { action: 'member.second_factor_reset', target: 'member', id: 'user_id' },
  announcePresence: { unaudited: 'It says only who is watching now, and ends by itself.' },
  endPresence: { unaudited: 'It says only who is watching now.' },
  warmSession: {
    unaudited: 'It starts nothing that lasts, and changes nothing. The prompt that follows is recorded.',
  },
  markSessionRead: { unaudited: 'It changes only what a list shows to the person.' },
  updateReviewProgress: { unaudited: 'It changes only what a page shows to the person.' },
  markSessionUnread: { unaudited: 'It changes only what a list shows to the person.' },
  signUp: { unaudited: 'It sends a mail at most. Who uses the link is recorded.' },
  completeSignUp: { action: 'account.created', target: 'account', tenant: 'account', by: 'one_time_link' },
  requestPasswordReset: { unaudited: 'It sends a mail at most. Who uses the link is recorded.' },
  completePasswordReset: {
    action: 'account.password_reset',
    target: 'account',
    tenant: 'account',
    by: 'one_time_link',
  },
  signOut: { action: 'account.signed_out', target: 'account', tenant: 'account' },
  changePassword: { action: 'account.password_changed', target: 'account', tenant: 'account' },
  updateMe: { action: 'account.renamed', target: 'account', tenant: 'account', fields: ['name'] },
  changeEmail: {
    action: 'account.email_change_requested',
    target: 'account',
    tenant: 'account',
    fields: ['email'],
  },
  confirmEmail: { action: 'account.email_changed', target: 'account', tenant: 'account' },
  revokeOtherSignIns: { action: 'account.other_sign_ins_revoked', target: 'account', tenant: 'account' },
  revokeSignIn: { action: 'sign_in.revoked', target: 'sign_in', id: 'sign_in_id', tenant: 'account' },

  createApiKey: {
    action: 'api_key.created',
    target: 'api_key',
    id: 'key_id',
    name: 'name',
    fields: ['scopes', 'expires_in_days'],
  },
  revokeApiKey: { action: 'api_key.revoked', target: 'api_key', id: 'key_id' },

  createServiceAccount: {
    action: 'service_account.created',
    target: 'service_account',
    id: 'service_account_id',
    name: 'name',
    fields: ['role'],
  },
  updateServiceAccount: {
    action: 'service_account.updated',
    target: 'service_account',
    id: 'service_account_id',
    name: 'name',
    fields: ['name', 'role'],
  },
  deleteServiceAccount: {
    action: 'service_account.deleted',
    target: 'service_account',
    id: 'service_account_id',
  },
  createServiceAccountKey: {
    action: 'api_key.created',
    target: 'api_key',
    id: 'key_id',
    name: 'name',
    fields: ['scopes', 'expires_in_days'],
  },
  revokeServiceAccountKey: { action: 'api_key.revoked', target: 'api_key', id: 'key_id' },

  createSecret: { action: 'secret.created', target: 'secret', id: 'secret_id', name: 'name' },
  updateSecret: {
    action: 'secret.updated',
    target: 'secret',
    id: 'secret_id',
    name: 'name',
    fields: ['name'],
    hidden: ['value'],
  },
  deleteSecret: { action: 'secret.deleted', target: 'secret', id: 'secret_id' },

  createShareLink: {
    action: 'share_link.created',
    target: 'share_link',
    id: 'share_link_id',
    fields: ['expires_at'],
  },
  revokeShareLink: { action: 'share_link.revoked', target: 'share_link', id: 'share_link_id' },
  openShareLink: { unaudited: 'Each opening is recorded, several within a minute as one entry.' },

  createTenant: {
    action: 'tenant.created',
    target: 'tenant',
    id: 'tenant_id',
    name: 'name',
    tenant: 'target',
  },
  chooseTenant: { unaudited: 'It changes only which tenant the requests of a browser are for.' },
  updateTenant: { action: 'tenant.renamed', target: 'tenant', id: 'tenant_id', name: 'name' },
  deleteTenant: { action: 'tenant.deleted', target: 'tenant', id: 'tenant_id', name: 'name' },
  restoreTenant: { action: 'tenant.restored', target: 'tenant', id: 'tenant_id', name: 'name' },
  leaveTenant: { action: 'member.left', target: 'account' },

  updateMember: { action: 'member.role_changed', target: 'member', id: 'user_id', name: 'name' },
  removeMember: { action: 'member.removed', target: 'member', id: 'user_id' },
  resetMemberPassword: { action: 'member.password_reset_link_made', target: 'member', id: 'user_id' },
  createInvitation: {
    action: 'invitation.created',
    target: 'invitation',
    id: 'invitation_id',
    name: 'email',
    fields: ['role', 'email', 'expires_in_days'],
  },
  revokeInvitation: { action: 'invitation.revoked', target: 'invitation', id: 'invitation_id' },
  createCredential: {
    action: 'git_credential.created',
    target: 'git_credential',
    id: 'credential_id',
    fields: ['kind', 'owner', 'username'],
    hidden: ['token', 'private_key'],
  },
  replaceCredential: {
    action: 'git_credential.replaced',
    target: 'git_credential',
    id: 'credential_id',
    hidden: ['token', 'private_key'],
  },
  findHostKeys: {
    unaudited: 'What it finds is not used before it is confirmed, which is recorded.',
  },
  confirmHostKeys: {
    action: 'git_credential.host_keys_confirmed',
    target: 'git_credential',
    id: 'credential_id',
    fields: ['fingerprints'],
  },
  removeCredential: { action: 'git_credential.removed', target: 'git_credential', id: 'credential_id' },
  openPullRequest: {
    action: 'pull_request.opened',
    target: 'session',
    id: 'session_id',
    fields: ['title', 'base', 'draft', 'labels', 'reviewers'],
  },
  updatePullRequest: {
    action: 'pull_request.updated',
    target: 'session',
    id: 'session_id',
    fields: ['title', 'base', 'labels', 'reviewers'],
  },
  createForgeWebhook: { action: 'forge.webhook_made', target: 'forge', id: 'forge_id' },
  receiveForgeWebhook: {
    unaudited: 'It says only where to look. What is found there is shown in the session.',
  },
  testCredential: { unaudited: 'It reads a repository, and changes nothing.' },
  connectForge: {
    action: 'forge.connected',
    target: 'forge',
    id: 'forge_id',
    fields: ['kind', 'url', 'owner'],
    hidden: ['token'],
  },
  beginGithubApp: { unaudited: 'Nothing is connected until GitHub has sent the person back.' },
  convertGithubApp: {
    action: 'forge.connected',
    target: 'forge',
    id: 'forge_id',
    hidden: ['code', 'state'],
  },
  replaceForgeToken: { action: 'forge.token_replaced', target: 'forge', id: 'forge_id', hidden: ['token'] },
  disconnectForge: { action: 'forge.disconnected', target: 'forge', id: 'forge_id' },
  testForge: { unaudited: 'It asks the forge who the token belongs to, and changes nothing.' },
  lookUpInvitation: { unaudited: 'It changes nothing. It is a POST so that the secret is in no address.' },
  acceptInvitation: { action: 'member.joined', target: 'account', by: 'one_time_link' },

  createScimUser: {
    action: 'scim_user.created',
    target: 'member',
    id: 'id',
    name: 'userName',
    fields: ['externalId'],
  },
  replaceScimUser: { action: 'scim_user.updated', target: 'member', id: 'user_id' },
  updateScimUser: { action: 'scim_user.updated', target: 'member', id: 'user_id' },
  deleteScimUser: { action: 'scim_user.deleted', target: 'member', id: 'user_id' },

  updateLimits: {
    action: 'limits.updated',
    target: 'limits',
    fields: ['run', 'session', 'person', 'tenant'],
  },
  setModelServer: {
    action: 'model_server.set',
    target: 'models',
    fields: ['base_url'],
    hidden: ['key'],
  },
  testModelServer: { unaudited: 'It changes nothing, and asks only a server whose choice is recorded.' },
  removeModelServer: { action: 'model_server.removed', target: 'models' },
  updateModels: { action: 'models.updated', target: 'models', fields: ['allowed', 'prices'] },

  createSession: {
    action: 'session.created',
    target: 'session',
    id: 'session_id',
    name: 'title',
    fields: [
      'ref',
      'model',
      'reasoning_effort',
      'network',
      'trust_repository',
      'approval_mode',
      'secrets',
      'visibility',
    ],
  },
  updateSession: { action: 'session.updated', target: 'session', id: 'session_id', name: 'title' },
  deleteSession: { action: 'session.deleted', target: 'session', id: 'session_id' },
  rewindSession: { action: 'session.rewound', target: 'session', id: 'session_id', fields: ['run_id'] },
  undoRewind: { action: 'session.rewind_undone', target: 'session', id: 'session_id' },
  forkSession: { action: 'session.forked', target: 'session', id: 'session_id', fields: ['run_id'] },
  createCommit: {
    action: 'session.committed',
    target: 'session',
    id: 'session_id',
    fields: ['mode', 'leave_out', 'with_replaced'],
  },
  createSigningKey: { action: 'signing_key.created', target: 'signing_key' },
  removeSigningKey: { action: 'signing_key.removed', target: 'signing_key' },
  createRepositoryRule: {
    action: 'repository_rule.created',
    target: 'repository_rule',
    id: 'rule_id',
    fields: ['host', 'path', 'branch_pattern', 'allow_default_branch'],
  },
  updateRepositoryRule: { action: 'repository_rule.updated', target: 'repository_rule', id: 'rule_id' },
  removeRepositoryRule: { action: 'repository_rule.removed', target: 'repository_rule', id: 'rule_id' },
  proposeCommitMessage: {
    action: 'run.proposal_started',
    target: 'run',
    id: 'run_id',
    fields: ['tree'],
  },
  createPush: { action: 'session.pushed', target: 'session', id: 'session_id', fields: ['commit_id'] },
  resetHome: { action: 'session.home_reset', target: 'session', id: 'session_id' },
  uploadImage: { unaudited: 'It has no effect until a prompt names it, which is recorded.' },
  promptSession: {
    action: 'run.prompted',
    target: 'run',
    id: 'run_id',
    fields: ['model', 'reasoning_effort'],
  },
  createComment: { action: 'comment.created', target: 'session', id: 'session_id' },
  updateComment: { action: 'comment.updated', target: 'session', id: 'session_id', fields: ['resolved'] },
  deleteComment: { action: 'comment.deleted', target: 'session', id: 'session_id' },
  sendComments: { action: 'comments.sent', target: 'run', id: 'run_id' },
  startReview: { action: 'run.review_started', target: 'run', id: 'run_id' },
  compactSession: { action: 'run.compaction_started', target: 'run', id: 'run_id' },
  runChecks: { action: 'run.checks_started', target: 'run', id: 'run_id', fields: ['tree'] },
  runSetup: { action: 'run.setup_started', target: 'run', id: 'run_id' },
  revertChanges: { action: 'run.changes_reverted', target: 'run', id: 'run_id', fields: ['scope'] },
  applyPatch: { action: 'run.patch_applied', target: 'run', id: 'run_id' },
  startKeepGreen: {
    action: 'pull_request.keep_green_started',
    target: 'session',
    id: 'session_id',
    fields: ['max_tries', 'max_micro_usd'],
  },
  stopKeepGreen: { action: 'pull_request.keep_green_stopped', target: 'session', id: 'session_id' },
  updateFromBase: { action: 'run.branch_merged', target: 'run', id: 'run_id' },
  writeFile: { action: 'run.file_edited', target: 'run', id: 'run_id', fields: ['path'] },
  editPrompt: { action: 'run.prompt_edited', target: 'run', id: 'run_id' },
  runNext: { action: 'run.moved_first', target: 'run', id: 'run_id' },
  steerRun: { action: 'run.steered', target: 'run', id: 'run_id' },
  sendPromptNow: { action: 'run.prompt_sent_now', target: 'run', id: 'run_id' },
  orderQueue: { action: 'session.queue_ordered', target: 'session', id: 'session_id' },
  decideApproval: { action: 'run.approval_decided', target: 'run', id: 'run_id', fields: ['decision'] },
  cancelRun: { action: 'run.cancelled', target: 'run', id: 'run_id' },

  exportAudit: {
    action: 'audit_log.exported',
    target: 'audit_log',
  },
  setAuditWebhook: { action: 'audit_log.webhook_set', target: 'audit_log', hidden: ['secret'] },
  removeAuditWebhook: { action: 'audit_log.webhook_removed', target: 'audit_log' },
  testAuditWebhook: {
    unaudited: 'It sends a message without entries, to an address whose choice is recorded.',
  },
};

/** Of attempts that were refused: sign-ins, and everything else. */
export const AUDIT_REFUSED = { signIn: 'account.sign_in_refused', access: 'access.refused' } as const;

/** @returns undefined for an operation that leaves no entry */
export function auditRuleOf(operationId: string): AuditRule | undefined {
  const row = AUDIT_OPERATIONS[operationId];
  return row === undefined || 'unaudited' in row ? undefined : row;
}
