import { ProblemError } from '@saas-codex/service-kit/problem';

/** The refs of a remote, as `git ls-remote --symref` lists them. */
export interface RemoteRefs {
  /** The branch that HEAD points to. */
  defaultBranch: string | null;
  /** Object ids by full name. `refs/tags/x^{}` is the commit of an annotated tag. */
  refs: ReadonlyMap<string, string>;
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

export function parseRemoteRefs(listing: string): RemoteRefs {
  const refs = new Map<string, string>();
  let defaultBranch: string | null = null;
  for (const line of listing.split('\n')) {
    const [, symbolic, value = '', name = ''] = LINE.exec(line) ?? [];
    if (name === '') continue;
    if (!symbolic) refs.set(name, value);
    else if (name === 'HEAD' && value.startsWith('refs/heads/'))
      defaultBranch = value.slice('refs/heads/'.length);
  }
  return { defaultBranch, refs };
}

/** Branches and tags, which are what a mirror holds. */
export const mirroredRefs = ({ refs }: RemoteRefs): Map<string, string> =>
  new Map([...refs].filter(([name]) => /^refs\/(heads|tags)\//.test(name) && !name.endsWith('^{}')));

/** @throws ProblemError ref_not_found */
export function chooseTarget(remote: RemoteRefs, ref: string | null): CloneTarget {
  if (ref === null || ref === 'HEAD') return defaultTarget(remote);
  const branch = branchTarget(remote, ref.replace(/^refs\/heads\//, ''));
  if (branch) return branch;
  for (const name of ref.startsWith('refs/') ? [ref] : [`refs/tags/${ref}`]) {
    const oid = remote.refs.get(`${name}^{}`) ?? remote.refs.get(name);
    if (oid) return { kind: 'ref', name, oid };
  }
  if (COMMIT_ID.test(ref)) return { kind: 'commit', oid: ref.toLowerCase() };
  throw refNotFound(ref);
}

function defaultTarget(remote: RemoteRefs): CloneTarget {
  const head = remote.refs.get('HEAD');
  const names = [remote.defaultBranch, ...(head ? [] : ['main', 'master', firstBranch(remote)])];
  for (const name of names) {
    const target = name === null ? null : branchTarget(remote, name);
    if (target) return target;
  }
  return head ? { kind: 'commit', oid: head } : { kind: 'empty' };
}

function branchTarget(remote: RemoteRefs, name: string): CloneTarget | null {
  const oid = remote.refs.get(`refs/heads/${name}`);
  return oid ? { kind: 'branch', name, oid } : null;
}

const firstBranch = (remote: RemoteRefs): string | null =>
  [...remote.refs.keys()].find((name) => name.startsWith('refs/heads/'))?.slice('refs/heads/'.length) ?? null;

export const refNotFound = (ref: string): ProblemError =>
  new ProblemError(
    'ref_not_found',
    `The repository has no branch, tag or commit "${ref}". Check the name, or leave it out.`,
  );
