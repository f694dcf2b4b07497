import type { SessionNotice } from '@saas-codex/contracts/sessions';

/** How many names a notice lists. */
const MAX_NAMES = 3;

/** Arguments of the git commands that list what a clone lacks. Their output is NUL-terminated. */
export const LIST_LFS_FILES = ['ls-files', '-z', '--', ':(attr:filter=lfs)'] as const;
/** With modes: a submodule has one of its own. */
export const LIST_ENTRIES = ['ls-files', '-z', '--stage'] as const;

const SUBMODULE = /^160000 [0-9a-f]+ \d\t([^]*)$/;

/**
 * Says what a clone lacks, since neither LFS files nor submodules are fetched: their addresses are the repository's to choose.
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
    'contents, run "git lfs pull" in a setup script that may reach their host. git-lfs has to be installed (SANDBOX_TOOLS).',
});

const submoduleNotice = (names: string[]): SessionNotice => ({
  code: 'submodules_missing',
  detail:
    `${count(names.length, 'submodule')} not fetched: ${some(names)}. If the agent needs them, run ` +
    '"git submodule update --init" in a setup script that may reach their host.',
});

const fieldsOf = (output: Buffer) => output.toString('utf8').split('\0').filter(Boolean);
const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
const some = (names: string[]) =>
  names.slice(0, MAX_NAMES).join(', ') + (names.length > MAX_NAMES ? ' and others' : '');
