import { z } from 'zod';
import { openEnum } from './open-reading.js';

/**
 * Every error that the REST API can return, in one exhaustive table. `code` is stable: programs switch on it. `title` is
 * for people. Services raise `new ProblemError(code, detail)` (libs/service-kit) and nothing else.
 */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid' },
  api_version_unknown: { status: 400, title: 'There is no such version of the API' },
  repo_url_invalid: { status: 400, title: 'The repository address is not valid' },
  repo_url_scheme: { status: 400, title: 'This kind of repository address is not supported' },
  repo_url_credentials: { status: 400, title: 'The repository address contains credentials' },
  repo_host_forbidden: { status: 400, title: 'The repository host is not allowed' },
  repo_host_unknown: { status: 400, title: 'The repository host is unknown' },
  model_server_forbidden: { status: 400, title: 'The address of the model server is not allowed' },
  model_server_unknown: { status: 400, title: 'The host of the model server is unknown' },
  model_key_required: { status: 400, title: 'The key of the model server is needed' },
  webhook_url_refused: { status: 400, title: 'This address is not allowed for a webhook' },
  forge_url_refused: { status: 400, title: 'This address is not allowed for a forge' },
  ref_invalid: { status: 400, title: 'The branch, tag or commit name is not valid' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  sign_in_link_invalid: { status: 401, title: 'The sign-in link is no longer valid' },
  credentials_invalid: { status: 401, title: 'The address or the password is wrong' },
  second_factor_required: { status: 401, title: 'A code is required, too' },
  forbidden: { status: 403, title: 'This is not allowed' },
  person_required: { status: 403, title: 'Only a person can do this' },
  organisation_missing: { status: 403, title: 'You belong to no organisation' },
  password_wrong: { status: 403, title: 'The password is wrong' },
  password_reset_forbidden: { status: 403, title: 'You cannot reset this password' },
  second_factor_wrong: { status: 403, title: 'The code is wrong' },
  passkey_refused: { status: 403, title: 'The passkey was not accepted' },
  second_factor_reset_forbidden: { status: 403, title: 'You cannot reset this second factor' },
  sign_in_too_old: { status: 403, title: 'Sign in again first' },
  sign_up_closed: { status: 403, title: 'Sign-up is closed' },
  origin_forbidden: { status: 403, title: 'The request comes from another site' },
  not_found: { status: 404, title: 'Not found' },
  tenant_not_found: { status: 404, title: 'The organisation does not exist' },
  member_not_found: { status: 404, title: 'The member does not exist' },
  api_key_not_found: { status: 404, title: 'The API key does not exist' },
  model_server_not_found: { status: 404, title: 'The organisation has no model server of its own' },
  secret_not_found: { status: 404, title: 'The secret does not exist' },
  credential_not_found: { status: 404, title: 'The git credential does not exist' },
  forge_not_found: { status: 404, title: 'The connected forge does not exist' },
  service_account_not_found: { status: 404, title: 'The service account does not exist' },
  invitation_not_found: { status: 404, title: 'The invitation does not exist' },
  webhook_not_found: { status: 404, title: 'There is no webhook' },
  session_not_found: { status: 404, title: 'The session does not exist' },
  run_not_found: { status: 404, title: 'The run does not exist' },
  steer_not_found: { status: 404, title: 'There is no such message' },
  sign_in_not_found: { status: 404, title: 'There is no such sign-in' },
  passkey_not_found: { status: 404, title: 'The passkey does not exist' },
  second_factor_missing: { status: 404, title: 'No second factor is set up' },
  thread_not_found: { status: 404, title: 'The thread does not exist' },
  tree_not_found: { status: 404, title: 'This session has no such state' },
  image_not_found: { status: 404, title: 'There is no such image' },
  comment_not_found: { status: 404, title: 'The comment does not exist' },
  hunk_not_found: { status: 404, title: 'There is no such hunk' },
  file_not_found: { status: 404, title: 'There is no such file' },
  evidence_not_found: { status: 404, title: 'There is no such evidence' },
  ignored_file_not_found: { status: 404, title: 'There is no such ignored file' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  not_acceptable: { status: 406, title: 'No such representation' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  session_failed: { status: 409, title: 'The session could not be set up' },
  session_not_failed: { status: 409, title: 'The session has not failed' },
  session_archived: { status: 409, title: 'The session is archived' },
  session_busy: { status: 409, title: 'The session has an active run' },
  turn_unknown: { status: 409, title: 'Codex’s record of this run cannot be found' },
  restore_failed: { status: 409, title: 'The files cannot be restored' },
  not_rewindable: { status: 409, title: 'The session cannot go back to this run' },
  nothing_to_change: { status: 409, title: 'The files are like that already' },
  nothing_to_undo: { status: 409, title: 'There is nothing to undo' },
  session_not_ready: { status: 409, title: 'The session is still being set up' },
  workspace_unreadable: { status: 409, title: "The session's files cannot be read" },
  setup_missing: { status: 409, title: 'The session has no setup script' },
  not_supported_by_engine: { status: 409, title: 'The engine of this installation cannot do this' },
  nothing_to_compact: { status: 409, title: 'The session has no conversation yet' },
  base_missing: { status: 409, title: 'The session has no commit to compare with' },
  checks_missing: { status: 409, title: 'The repository declares no checks' },
  checks_invalid: { status: 409, title: 'The declaration of the checks cannot be used' },
  checks_in_progress: { status: 409, title: 'The checks are already queued or running' },
  setup_in_progress: { status: 409, title: 'The setup script is already queued or running' },
  download_too_large: { status: 409, title: 'This is too large for one download' },
  disk_quota_exceeded: { status: 409, title: "The organisation's disk quota is used up" },
  model_not_allowed: { status: 409, title: 'The organisation does not allow this model' },
  limit_reached: { status: 409, title: 'A limit of the organisation is reached' },
  limit_above_ceiling: { status: 409, title: 'The operator of this installation allows less' },
  run_not_queued: { status: 409, title: 'The prompt no longer waits' },
  prompt_edited: { status: 409, title: 'Somebody else has edited the prompt' },
  queue_changed: { status: 409, title: 'The queue has changed' },
  run_not_working: { status: 409, title: 'No run is working' },
  steer_unsupported: { status: 409, title: 'This cannot be sent to a run that works' },
  too_many_steers: { status: 409, title: 'Too many messages were sent to this run' },
  comment_sent: { status: 409, title: 'The comment has been sent' },
  comments_missing: { status: 409, title: 'There is no comment to send' },
  too_many_comments: { status: 409, title: 'The session has too many comments' },
  run_ended: { status: 409, title: 'The run has already ended' },
  mail_missing: { status: 409, title: 'This installation sends no mail' },
  tenant_name_wrong: { status: 409, title: 'This is not the name of the organisation' },
  last_tenant: { status: 409, title: 'This is the last organisation' },
  tenant_limit: { status: 409, title: 'You own as many organisations as one person may' },
  last_owner: { status: 409, title: 'This is the last owner' },
  secret_name_taken: { status: 409, title: 'There is a secret with this name' },
  too_many_images: { status: 409, title: 'These are too many images' },
  host_keys_differ: { status: 409, title: 'The host has other keys' },
  credential_exists: { status: 409, title: 'There is a git credential for this already' },
  forge_exists: { status: 409, title: 'This forge is connected already' },
  too_many_secrets: { status: 409, title: 'The organisation has too many secrets' },
  already_member: { status: 409, title: 'You belong to this organisation already' },
  address_taken: { status: 409, title: 'This address has an account' },
  second_factor_exists: { status: 409, title: 'A second factor is set up already' },
  idempotency_in_progress: {
    status: 409,
    title: 'A request with this Idempotency-Key is still in progress',
  },
  approval_not_found: { status: 404, title: 'There is no such question' },
  approval_answered: { status: 409, title: 'The question has been answered' },
  approval_expired: { status: 409, title: 'The run no longer waits for an answer' },
  decision_not_offered: { status: 409, title: 'Codex does not offer this answer' },
  review_cannot_ask: { status: 409, title: 'A review cannot ask before it acts' },
  approvals_unsupported: { status: 409, title: 'The engine of this installation cannot ask' },
  share_link_not_found: { status: 404, title: 'There is no such link' },
  share_links_exhausted: { status: 409, title: 'The session has too many links' },
  link_invalid: { status: 410, title: 'The link is no longer valid' },
  workspace_removed: { status: 410, title: "The session's files were removed" },
  precondition_failed: { status: 412, title: 'The resource has changed' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'Send the request as application/json' },
  expectation_failed: { status: 417, title: 'This expectation is not supported' },
  edit_conflict: { status: 422, title: 'The change does not fit the files as they are now' },
  patch_invalid: { status: 422, title: 'This is not a patch that git can apply' },
  image_invalid: { status: 422, title: 'This image cannot be used' },
  lines_not_found: { status: 422, title: 'These lines cannot be commented on' },
  clone_failed: { status: 422, title: 'The repository could not be cloned' },
  clone_auth_failed: { status: 422, title: 'The repository needs credentials' },
  clone_host_key_changed: { status: 422, title: 'The repository host has another key' },
  clone_not_found: { status: 422, title: 'The repository does not exist' },
  clone_unreachable: { status: 422, title: 'The repository host did not respond' },
  clone_timeout: { status: 422, title: 'Cloning the repository took too long' },
  clone_too_large: { status: 422, title: 'The repository is too large' },
  clone_redirected: { status: 422, title: 'The repository address redirects elsewhere' },
  clone_rate_limited: { status: 422, title: 'The repository host limits requests' },
  secret_unknown: { status: 422, title: 'A secret that the session names does not exist' },
  ref_not_found: { status: 422, title: 'The branch, tag or commit does not exist' },
  store_unavailable: { status: 503, title: 'A data store is not responding' },
  runner_unavailable: { status: 503, title: 'The runner is not available' },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used for a different request' },
  sign_in_locked: { status: 429, title: 'Too many wrong passwords' },
  too_many_streams: { status: 429, title: 'Too many open event streams' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  upstream_unavailable: { status: 502, title: 'A part of the system is not responding' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];
export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** A file that was changed in the same place since. */
export const EditConflict = z
  .object({
    path: z.string(),
    hunks: z
      .array(z.object({ start: z.int(), lines: z.int() }))
      .describe(
        'Lines of the file that the change starts from, whose parts of the change do not fit. Empty: it is about the file as a whole',
      ),
  })
  .meta({ id: 'EditConflict' });
export type EditConflict = z.infer<typeof EditConflict>;

/** An RFC 9457 problem document; served as `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().describe('Always `about:blank`; `code` identifies the kind of problem'),
    title: z.string(),
    status: z.int(),
    code: openEnum(PROBLEM_CODES),
    detail: z.string().describe('What went wrong and what to do about it, for a person'),
    instance: z.string().optional().describe('The requested path'),
    request_id: z.string().optional(),
    errors: z
      .array(z.object({ path: z.string().describe('JSON pointer into the request'), message: z.string() }))
      .optional(),
    run_ids: z
      .array(z.uuid())
      .optional()
      .describe('Of `queue_changed`: the prompts that wait, in their order'),
    conflicts: z
      .array(EditConflict)
      .optional()
      .describe('Of `edit_conflict`: what does not fit. Of many files the first ones'),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'about:blank',
        title: PROBLEMS.session_archived.title,
        status: PROBLEMS.session_archived.status,
        code: 'session_archived',
        detail: 'Unarchive it to continue, or start a new session.',
        instance: '/api/sessions/01a20ab5-ad03-774a-840c-f8dd44ecbc3d/prompt',
        request_id: '5a0c6a3e-7a53-4c8c-9f5e-2f1f6f0f9b1d',
      },
    ],
  });
export type Problem = z.infer<typeof Problem>;
