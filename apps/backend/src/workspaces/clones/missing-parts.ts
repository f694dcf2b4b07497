import type { SessionNotice } from '@saas-codex/contracts/sessions';

/** How many names a notice lists. */
const MAX_NAMES = 3;
/** How many reasons a notice lists. */
const MAX_REASONS = 10;

/** Files with the attribute that Git LFS gives its own. */
export const LFS_ATTRIBUTE = ':(attr:filter=lfs)';

/** Arguments of the git commands that list what a clone lacks. Their output is NUL-terminated. */
export const LIST_LFS_FILES = ['ls-files', '-z', '--', LFS_ATTRIBUTE] as const;
/** With modes: a submodule has one of its own. */
export const LIST_ENTRIES = ['ls-files', '-z', '--stage'] as const;

const SUBMODULE = /^160000 [0-9a-f]+ \d\t([^]*)$/;

/**
 * Says what a clone lacks, since neither LFS files nor submodules are part of it: their addresses are the repository's to
 * choose, and a person says whether they are fetched.
 * @param lfsFiles output of LIST_LFS_FILES @param entries output of LIST_ENTRIES
 */
export function noticesOf(lfsFiles: Buffer, entries: Buffer): SessionNotice[] {
  const files = fieldsOf(lfsFiles);
  const submodules = fieldsOf(entries).flatMap((line) => SUBMODULE.exec(line)?.[1] ?? []);
  return [
    ...(files.length === 0 ? [] : [lfsNotice(files)]),
    ...(submodules.length === 0 ? [] : [submoduleNotice(submodules)]),
  ];
}

const lfsNotice = (files: string[]): SessionNotice => ({
  code: 'lfs_files_missing',
  detail:
    `${count(files.length, 'file')} in Git LFS: ${some(files)}. The session has only their pointers. If the agent needs the ` +
    'contents, start a session that fetches them (include: lfs), or run "git lfs pull" in a setup script that may reach their ' +
    'host. git-lfs has to be installed (SANDBOX_TOOLS).',
});

const submoduleNotice = (names: string[]): SessionNotice => ({
  code: 'submodules_missing',
  detail:
    `${count(names.length, 'submodule')} not fetched: ${some(names)}. If the agent needs them, start a session that fetches ` +
    'them (include: submodules), or run "git submodule update --init" in a setup script that may reach their host.',
});

/** A submodule, or a file in Git LFS, that could not be fetched. */
export interface MissingPart {
  /** Its path in the session's repository. */
  name: string;
  /** A sentence for a person. */
  reason: string;
}

/** Says which submodules were asked for and are missing, and why. @returns null: none */
export const missingSubmodules = (missing: readonly MissingPart[]): SessionNotice | null =>
  missingParts('submodules_missing', count(missing.length, 'submodule'), missing);

/** Says which files in Git LFS were asked for and are pointers still, and why. @returns null: none */
export const missingLfsFiles = (missing: readonly MissingPart[]): SessionNotice | null =>
  missingParts('lfs_files_missing', `${count(missing.length, 'file')} in Git LFS`, missing);

function missingParts(
  code: SessionNotice['code'],
  what: string,
  missing: readonly MissingPart[],
): SessionNotice | null {
  if (missing.length === 0) return null;
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of missing) {
    const names = byReason.get(reason) ?? [];
    names.push(name);
    byReason.set(reason, names);
  }
  const reasons = [...byReason].slice(0, MAX_REASONS).map(([reason, names]) => `${some(names)}: ${reason}`);
  const more = byReason.size > MAX_REASONS ? ' Others have other reasons.' : '';
  return { code, detail: `${what} not fetched. ${reasons.join(' ')}${more}` };
}

const fieldsOf = (output: Buffer) => output.toString('utf8').split('\0').filter(Boolean);
const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
const some = (names: string[]) =>
  names.slice(0, MAX_NAMES).join(', ') + (names.length > MAX_NAMES ? ' and others' : '');
