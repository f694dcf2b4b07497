/** exit: git said no; stalled: its deadline passed; aborted: the caller gave up; flooded: it printed too much. */
export type GitFailureKind = 'exit' | 'stalled' | 'aborted' | 'flooded';

/** A git command that did not succeed. `stderr` is for our logs and for mapping to a problem, never for clients. */
export class GitFailure extends Error {
  constructor(
    readonly kind: GitFailureKind,
    readonly command: string,
    readonly exitCode: number | null,
    readonly stderr: string,
  ) {
    super(`git ${command}: ${kind}${exitCode === null ? '' : ` ${exitCode}`} ${stderr.slice(-500)}`.trim());
    this.name = 'GitFailure';
  }
}
