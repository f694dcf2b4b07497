import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { NewSessionDraft } from '../../entities/session/new-session-draft.js';
import { type ApiError, toApiError } from '../../shared/api/api-error.js';

export type Field = keyof NewSessionDraft;

const FIELD_OF_CODE: Partial<Record<ApiError['code'], Field>> = {
  repo_url_invalid: 'repo',
  repo_url_scheme: 'repo',
  repo_url_credentials: 'repo',
  repo_host_forbidden: 'repo',
  repo_host_unknown: 'repo',
  clone_failed: 'repo',
  clone_auth_failed: 'repo',
  clone_not_found: 'repo',
  clone_unreachable: 'repo',
  clone_timeout: 'repo',
  clone_too_large: 'repo',
  clone_redirected: 'repo',
  ref_invalid: 'ref',
  ref_not_found: 'ref',
  secret_unknown: 'secrets',
} satisfies Partial<Record<ProblemCode, Field>>;

/** Fields by the first part of the error's pointer. */
const FIELD_OF_POINTER: Record<string, Field> = {
  repo_url: 'repo',
  ref: 'ref',
  model: 'model',
  prompt: 'prompt',
  network: 'network',
  setup: 'setup',
  secrets: 'secrets',
  include: 'include',
};

/** The error and the field that it is about; null if it is about none. */
export function fieldError(thrown: unknown): { field: Field | null; error: ApiError } {
  const error = toApiError(thrown);
  const [, part = ''] = error.problem?.errors?.[0]?.path.split('/') ?? [];
  const field = FIELD_OF_CODE[error.code] ?? FIELD_OF_POINTER[part];
  return { field: field ?? null, error };
}
