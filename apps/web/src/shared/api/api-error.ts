import type { Unrecognized } from '@saas-codex/contracts/open-reading';
import { Problem, type ProblemCode } from '@saas-codex/contracts/problems';

/** The two failures without a problem document: no answer, or an answer that we do not understand. */
type LocalCode = 'network' | 'unexpected_response';

const LOCAL = {
  network: {
    title: 'No connection',
    detail: 'The server did not answer. Check your connection and try again.',
  },
  unexpected_response: {
    title: 'Unexpected answer',
    detail: 'Reload the page. If that does not help, ask your operator.',
  },
} as const;

/** Without a problem document: whatever stands before the gateway answers so. */
const UNAVAILABLE = { title: 'A part of the system is not responding', detail: 'Try again in a moment.' };

/**
 * What every call of the API throws. `detail` is for a person; code switches on `code`, which may be newer than this
 * build.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ProblemCode | LocalCode | Unrecognized,
    readonly title: string,
    readonly detail: string,
    readonly status: number,
    readonly problem: Problem | null = null,
  ) {
    super(`${code}: ${detail}`);
  }

  static local(code: LocalCode, status = 0): ApiError {
    return new ApiError(code, LOCAL[code].title, LOCAL[code].detail, status);
  }

  static fromProblem(problem: Problem): ApiError {
    return new ApiError(problem.code, problem.title, problem.detail, problem.status, problem);
  }

  /** Whether the same request may succeed a moment later. */
  get transient(): boolean {
    return this.code === 'network' || this.status >= 500;
  }
}

/** Reads a failed response: its problem document, or else its status. */
export async function readError(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const problem = Problem.safeParse(body);
  if (problem.success) return ApiError.fromProblem(problem.data);
  if (response.status === 502 || response.status === 503 || response.status === 504) {
    const { title, detail } = UNAVAILABLE;
    return new ApiError('upstream_unavailable', title, detail, response.status);
  }
  return ApiError.local('unexpected_response', response.status);
}

/** Any thrown value as an error to show. */
export const toApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : ApiError.local('unexpected_response');
