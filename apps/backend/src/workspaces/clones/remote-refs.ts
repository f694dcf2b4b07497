import { StringDecoder } from 'node:string_decoder';
import type { RepositoryRefs } from '@saas-codex/contracts/forges';
import { ProblemError } from '@saas-codex/service-kit/problem';

/** The refs of a remote that matter to us. */
export interface RemoteRefs {
  /** The branch that HEAD points to. */
  defaultBranch: string | null;
  /** Object ids by full name. `refs/tags/x^{}` is the commit of an annotated tag. */
  refs: ReadonlyMap<string, string>;
  /** Whether `refs` has all branches and tags. Else the remote has too many, and only those that may be needed are here. */
  complete: boolean;
}

/**
 * What a new workspace starts on. A `branch` is checked out as a branch that tracks the remote's. Everything else is
 * checked out detached, as git does it. The id of a `commit` may be abbreviated until it has been fetched.
 */
type CloneTarget =
  | { kind: 'empty' }
  | { kind: 'branch'; name: string; oid: string }
  | { kind: 'ref'; name: string; oid: string }
  | { kind: 'commit'; oid: string };
/** A target that can be checked out. */
export type CommitTarget = Exclude<CloneTarget, { kind: 'empty' }>;

const LINE = /^(ref: )?(\S+)\t(.+)$/;
const COMMIT_ID = /^[0-9a-f]{7,40}$/i;
const BRANCH = 'refs/heads/';
const TAG = 'refs/tags/';
const BRANCH_OR_TAG = /^refs\/(heads|tags)\//;
/** Branches that stand in for a HEAD that leads nowhere. */
const USUAL_BRANCHES = ['main', 'master'];

/**
 * Reads what `git ls-remote --symref` prints, as it comes. A remote can have any number of refs, so what is remembered is
 * bounded: HEAD, what a person asked for, and the other branches and tags while they are few.
 */
export class RemoteListing {
  private readonly decoder = new StringDecoder('utf8');
  private readonly needed: Set<string>;
  private readonly others = new Map<string, string>();
  private readonly kept = new Map<string, string>();
  private defaultBranch: string | null = null;
  private firstBranch: string | null = null;
  private complete = true;
  private rest = '';

  /** @param ref what a person asked for @param maxRefs of branches and tags that a mirror may hold */
  constructor(
    ref: string | null,
    private readonly maxRefs: number,
  ) {
    const names = [...namesOf(ref), ...USUAL_BRANCHES.map((name) => BRANCH + name)];
    this.needed = new Set(['HEAD', ...names, ...names.map((name) => `${name}^{}`)]);
  }

  add(chunk: Buffer): void {
    const lines = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.addLine(line);
  }

  end(): RemoteRefs {
    this.addLine(this.rest + this.decoder.end());
    return {
      defaultBranch: this.defaultBranch,
      refs: new Map([...this.kept, ...this.others]),
      complete: this.complete,
    };
  }

  private addLine(line: string): void {
    const [, symbolic, value = '', name = ''] = LINE.exec(line) ?? [];
    if (symbolic) this.addSymbolic(name, value);
    else if (this.needed.has(name)) this.kept.set(name, value);
    else if (BRANCH_OR_TAG.test(name) && !name.endsWith('^{}')) this.addOther(name, value);
  }

  /** git prints it before everything else. */
  private addSymbolic(name: string, value: string): void {
    if (name !== 'HEAD' || !value.startsWith(BRANCH)) return;
    this.defaultBranch = value.slice(BRANCH.length);
    this.needed.add(value);
  }

  private addOther(name: string, value: string): void {
    const isFirst = this.firstBranch === null && name.startsWith(BRANCH);
    if (isFirst) this.firstBranch = name;
    if (isFirst) this.kept.set(name, value);
    else if (this.complete) this.others.set(name, value);
    if (this.others.size <= this.maxRefs) return;
    this.others.clear();
    this.complete = false;
  }
}

/**
 * The branches and tags that a mirror shall hold: all of them if they are few, so that the agent finds them too. Else the
 * default branch and the target.
 */
export function mirroredRefs({ refs, defaultBranch, complete }: RemoteRefs, target: CommitTarget) {
  const isWanted = (name: string) =>
    complete || name === fullName(target) || name === `${BRANCH}${defaultBranch}`;
  const all = [...refs].filter(([name]) => BRANCH_OR_TAG.test(name) && !name.endsWith('^{}'));
  return new Map(all.filter(([name]) => isWanted(name)));
}

/** The names of a remote's branches, and of its tags from the newest version to the oldest. */
export function namedRefs({ refs, defaultBranch, complete }: RemoteRefs): RepositoryRefs {
  const names = [...refs.keys()].filter((name) => BRANCH_OR_TAG.test(name) && !name.endsWith('^{}'));
  const below = (start: string) =>
    names
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length))
      .toSorted(byVersion);
  const branches = below(BRANCH);
  return {
    default_branch: defaultBranch !== null && branches.includes(defaultBranch) ? defaultBranch : null,
    branches,
    tags: below(TAG).toReversed(),
    is_complete: complete,
  };
}

/** `v1.9` comes before `v1.10`. */
const { compare: byVersion } = new Intl.Collator('en', { numeric: true });

/** null: the target is a commit without a name. */
export function fullName(target: CommitTarget): string | null {
  if (target.kind === 'commit') return null;
  return target.kind === 'branch' ? BRANCH + target.name : target.name;
}

/** @throws ProblemError ref_not_found */
export function chooseTarget(remote: RemoteRefs, ref: string | null): CloneTarget {
  if (ref === null || ref === 'HEAD') return defaultTarget(remote);
  for (const name of namesOf(ref)) {
    if (name.startsWith(BRANCH)) {
      const branch = branchTarget(remote, name.slice(BRANCH.length));
      if (branch) return branch;
    } else {
      const oid = remote.refs.get(`${name}^{}`) ?? remote.refs.get(name);
      if (oid) return { kind: 'ref', name, oid };
    }
  }
  if (COMMIT_ID.test(ref)) return { kind: 'commit', oid: ref.toLowerCase() };
  throw refNotFound(ref);
}

/** What people and tools put before the name of a remote's branch. */
const TRACKING = /^(refs\/)?(remotes\/)?origin\//;

/** The full names that a ref may stand for, in the order in which they are tried. */
function namesOf(ref: string | null): string[] {
  if (ref === null || ref === 'HEAD') return [];
  const branch = BRANCH + ref.replace(/^refs\/heads\//, '');
  const other = ref.startsWith('refs/') ? ref : `refs/tags/${ref}`;
  const tracked = TRACKING.test(ref) ? [BRANCH + ref.replace(TRACKING, '')] : [];
  return [branch, other, ...tracked];
}

function defaultTarget(remote: RemoteRefs): CloneTarget {
  const head = remote.refs.get('HEAD');
  const names = [remote.defaultBranch, ...(head ? [] : [...USUAL_BRANCHES, firstBranch(remote)])];
  for (const name of names) {
    const target = name === null ? null : branchTarget(remote, name);
    if (target) return target;
  }
  return head ? { kind: 'commit', oid: head } : { kind: 'empty' };
}

function branchTarget(remote: RemoteRefs, name: string): CloneTarget | null {
  const oid = remote.refs.get(BRANCH + name);
  return oid ? { kind: 'branch', name, oid } : null;
}

const firstBranch = (remote: RemoteRefs): string | null =>
  [...remote.refs.keys()].find((name) => name.startsWith(BRANCH))?.slice(BRANCH.length) ?? null;

export const refNotFound = (ref: string): ProblemError =>
  new ProblemError(
    'ref_not_found',
    `The repository has no branch, tag or commit "${ref}". Check the name, or leave it out.`,
  );
