import type { Poison } from './world.js';

const COMMIT = 'git commit -qam x';
const ATTRIBUTES = 'added .gitattributes +1 -0';

/** A setting whose value is the command. */
const setting = (key: string, naive: string): Poison => ({
  name: key,
  plant: (site) => site.configure([key, site.fires]),
  naive,
});

/** A setting whose value is the name of a program, which git starts without a shell. */
const executable = (key: string, naive: string, ...more: [string, string][]): Poison => ({
  name: key,
  plant: async (site) => {
    await site.configure(...more, [key, `${site.repo}/own.sh`]);
    await site.write('own.sh', `#!/bin/sh\ntouch ${site.marker}\n`, 0o755);
  },
  naive,
  adds: ['added own.sh +2 -0'],
});

/** A driver that `.gitattributes` chooses for every file. */
const driver = (attribute: string, key: string, naive: string): Poison => ({
  name: `${key} chosen by .gitattributes`,
  plant: async (site) => {
    await site.configure([key, site.fires]);
    await site.write('.gitattributes', `* ${attribute}=own\n`);
  },
  naive,
  adds: [ATTRIBUTES],
});

const MERGE = [
  COMMIT,
  'git checkout -qb theirs HEAD~1',
  'echo theirs > a.txt',
  COMMIT,
  'git merge -q main',
].join('; ');

/** Configuration in `repo/.git` that starts a program. */
export const PROGRAMS: Poison[] = [
  setting('core.fsmonitor', 'git status'),
  setting('core.editor', 'git commit -qa'),
  setting('sequence.editor', `${COMMIT}; git rebase -i HEAD~1`),
  setting('core.pager', 'script -qec "git diff" /dev/null'),
  setting('diff.external', 'git diff'),
  executable('core.askPass', 'printf "protocol=http\\nhost=127.0.0.1\\n\\n" | git credential fill'),
  setting('core.sshCommand', 'git fetch ssh://127.0.0.1:9/a.git'),
  executable('core.gitProxy', 'git fetch git://127.0.0.1:9/a.git'),
  setting('remote.own.uploadpack', 'git config remote.own.url "$PWD"; git fetch own'),
  setting('core.alternateRefsCommand', 'git fetch "$PWD" main:copy'),
  setting('difftool.own.cmd', 'git difftool -y -t own'),
  driver('diff', 'diff.own.textconv', 'git diff'),
  driver('diff', 'diff.own.command', 'git diff'),
  driver('filter', 'filter.own.clean', 'git add a.txt'),
  driver('filter', 'filter.own.smudge', 'git checkout -f HEAD a.txt'),
  driver('filter', 'filter.own.process', 'git add a.txt'),
  driver('merge', 'merge.own.driver', MERGE),
  {
    name: 'credential.helper',
    plant: (site) => site.configure(['credential.helper', `!${site.fires}`]),
    naive: 'printf "protocol=http\\nhost=127.0.0.1\\n\\n" | git credential fill',
  },
  {
    name: 'alias',
    plant: (site) => site.configure(['alias.st', `!${site.fires}`]),
    naive: 'git st',
  },
  executable('gpg.program', COMMIT, ['commit.gpgSign', 'true']),
  {
    name: 'gpg.ssh.defaultKeyCommand',
    plant: (site) =>
      site.configure(
        ['commit.gpgSign', 'true'],
        ['gpg.format', 'ssh'],
        ['gpg.ssh.defaultKeyCommand', `touch ${site.marker}`],
      ),
    naive: COMMIT,
  },
  {
    name: 'a remote of the ext:: kind',
    plant: (site) =>
      site.configure(['protocol.ext.allow', 'always'], ['remote.own.url', `ext::touch ${site.marker}`]),
    naive: 'git fetch own',
  },
  {
    name: 'url.*.insteadOf',
    plant: (site) =>
      site.configure(
        ['protocol.ext.allow', 'always'],
        [`"url.ext::touch ${site.marker} .insteadOf"`, 'http://'],
      ),
    naive: 'git fetch origin',
  },
  {
    name: 'core.hooksPath',
    plant: async (site) => {
      await site.configure(['core.hooksPath', 'tools']);
      await site.write('tools/pre-commit', `#!/bin/sh\ntouch ${site.marker}\n`, 0o755);
    },
    naive: COMMIT,
    adds: ['added tools/pre-commit +2 -0'],
  },
  {
    name: 'core.attributesFile',
    plant: async (site) => {
      await site.configure(['core.attributesFile', `${site.repo}/own`], ['filter.own.clean', site.fires]);
      await site.write('own', '* filter=own\n');
    },
    naive: 'git add a.txt',
    adds: ['added own +1 -0'],
  },
  {
    name: 'include.path',
    plant: async (site) => {
      await site.configure(['include.path', '../own']);
      await site.write('own', `[core]\nfsmonitor = "${site.fires}"\n`);
    },
    naive: 'git status',
    adds: ['added own +2 -0'],
  },
  {
    name: 'includeIf',
    plant: async (site) => {
      await site.configure(['includeIf.onbranch:**.path', '../own']);
      await site.write('own', `[core]\nfsmonitor = "${site.fires}"\n`);
    },
    naive: 'git status',
    adds: ['added own +2 -0'],
  },
  {
    name: 'configuration of one work tree',
    plant: async (site) => {
      await site.configure(['extensions.worktreeConfig', 'true']);
      await site.write('.git/config.worktree', `[core]\nfsmonitor = "${site.fires}"\n`);
    },
    naive: 'git status',
  },
];

const hides = (text: string) => (output: string) => !output.includes(text);

/** Configuration in `repo/.git` that makes git show or write something other than what is there. */
export const LIES: Poison[] = [
  {
    name: 'core.excludesFile',
    plant: async (site) => {
      await site.configure(['core.excludesFile', `${site.repo}/own`]);
      await site.write('own', '*\n');
    },
    naive: 'git status --porcelain',
    fired: hides('own'),
    adds: ['added own +1 -0'],
  },
  {
    name: 'status.showUntrackedFiles',
    plant: async (site) => {
      await site.configure(['status.showUntrackedFiles', 'no']);
      await site.write('new', 'x\n');
    },
    naive: 'git status --porcelain',
    fired: hides('new'),
    adds: ['added new +1 -0'],
  },
  {
    name: 'core.fileMode',
    plant: async (site) => {
      await site.configure(['core.fileMode', 'false']);
      await site.write('tool', 'x\n', 0o755);
    },
    naive: 'git add tool; git ls-files -s tool',
    fired: (output) => output.startsWith('100644'),
    adds: ['added tool +1 -0'],
  },
  {
    name: 'core.autocrlf',
    plant: async (site) => {
      await site.configure(['core.autocrlf', 'true']);
      await site.write('lines', 'x\r\n');
    },
    naive: 'git add lines; git cat-file -s :lines',
    fired: (output) => output.endsWith('2\n'),
    adds: ['added lines +1 -0'],
  },
  {
    name: 'core.worktree',
    plant: (site) => site.configure(['core.worktree', site.elsewhere]),
    naive: 'git checkout -f; test -f "$ELSEWHERE/a.txt" && touch "$MARKER"',
  },
];
