import { PROBLEMS, type Problem, type ProblemCode } from '@saas-codex/contracts/problems';

/** The error that services throw for a client. `ProblemFilter` sends it as an RFC 9457 document. */
export class ProblemError extends Error {
  readonly status: number;

  /** @param detail for a person: what went wrong and what to do; never internals or secrets */
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extra: Pick<Problem, 'errors' | 'run_ids' | 'conflicts'> & {
      headers?: Record<string, string>;
    } = {},
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ProblemError';
    this.status = PROBLEMS[code].status;
  }

  toDocument(at: { instance?: string; requestId?: string }): Problem {
    const { status, title } = PROBLEMS[this.code];
    return {
      type: 'about:blank',
      title,
      status,
      code: this.code,
      detail: this.detail,
      ...(at.instance && { instance: at.instance }),
      ...(at.requestId && { request_id: at.requestId }),
      ...(this.extra.errors && { errors: this.extra.errors }),
      ...(this.extra.run_ids && { run_ids: this.extra.run_ids }),
      ...(this.extra.conflicts && { conflicts: this.extra.conflicts }),
    };
  }
}
