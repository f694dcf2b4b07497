import type { Poison } from './world.js';

const hook = (name: string, naive: string): Poison => ({
  name: `hook ${name}`,
  plant: (site) => site.write(`.git/hooks/${name}`, `#!/bin/sh\ntouch ${site.marker}\n`, 0o755),
  naive,
});

/** A second git directory, `elsewhere/own`, that starts a program, and something that makes git use it. */
const redirection = (name: string, script: string): Poison => ({
  name,
  plant: (site) =>
    site.shell(`cp -r .git $ELSEWHERE/own && git -C $ELSEWHERE/own config core.fsmonitor "${site.fires}"
${script}`),
  naive: 'git status',
});

/** In the git directory itself: programs, and references to other places. */
export const LAYOUTS: Poison[] = [
  hook('pre-commit', 'git commit -qam x'),
  hook('post-checkout', 'git checkout -qb other'),
  hook('post-index-change', 'git add a.txt'),
  hook('reference-transaction', 'git tag x'),
  redirection('.git is a file', 'rm -rf .git; echo "gitdir: $ELSEWHERE/own" > .git'),
  redirection('.git is a link', 'rm -rf .git; ln -s $ELSEWHERE/own .git'),
  redirection('commondir', 'echo $ELSEWHERE/own > .git/commondir'),
  {
    name: 'info/attributes',
    plant: async (site) => {
      await site.configure(['filter.own.clean', site.fires]);
      await site.write('.git/info/attributes', '* filter=own\n');
    },
    naive: 'git add a.txt',
  },
  {
    name: 'a submodule with its own update command',
    plant: async (site) => {
      await site.configure(['submodule.own.update', `!${site.fires}`], ['submodule.own.url', site.repo]);
      await site.write('.gitmodules', '[submodule "own"]\npath = own\nurl = ./own\n');
      await site.shell('git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),own');
    },
    naive: 'git -c protocol.file.allow=always submodule update',
    adds: ['added .gitmodules +3 -0'],
  },
  {
    name: 'a nested repository that is a submodule in the index',
    plant: (site) =>
      site.shell(`git init -q own; cd own; echo x > x; git add x; git commit -qm x; cd ..
git add own; git -C own config core.fsmonitor "${site.fires}"`),
    naive: 'git status',
    adds: ['added own/x +1 -0'],
  },
  {
    name: 'a folder that looks like a bare repository',
    plant: (site) =>
      site.shell(`git init -q --bare own; rm -r own/hooks own/description own/info
git -C own config core.bare false; git -C own config core.worktree ..
git -C own config core.fsmonitor "${site.fires}"`),
    naive: 'cd own; git status',
    adds: ['added own/HEAD +1 -0', 'added own/config +6 -0'],
  },
];

/** In the git directory: files that make git show something other than what is there, or wait for ever. */
export const BLINDFOLDS: Poison[] = [
  {
    name: 'info/exclude',
    plant: async (site) => {
      await site.write('.git/info/exclude', '*\n');
      await site.write('new', 'x\n');
    },
    naive: 'git status --porcelain',
    fired: (output) => !output.includes('new'),
    adds: ['added new +1 -0'],
  },
  {
    name: 'index: assume-unchanged',
    plant: (site) => site.shell('git update-index --assume-unchanged a.txt'),
    naive: 'git status --porcelain',
    fired: (output) => output === '',
  },
  {
    name: 'index: skip-worktree',
    plant: (site) => site.shell('git update-index --skip-worktree a.txt'),
    naive: 'git status --porcelain',
    fired: (output) => output === '',
  },
  {
    name: 'index: its shared part is missing',
    plant: (site) => site.shell('git update-index --split-index; rm .git/sharedindex.*'),
    naive: 'git status',
    fired: (output) => output.includes('fatal'),
  },
  {
    name: 'replaced objects',
    plant: (site) => site.shell('git replace HEAD:a.txt $(echo again | git hash-object -w --stdin)'),
    naive: 'git cat-file -p HEAD:a.txt',
    fired: (output) => output === 'again\n',
  },
  {
    name: 'info/grafts',
    plant: (site) =>
      site.shell(
        'git commit -q --allow-empty -m x; mkdir -p .git/info; git rev-parse HEAD > .git/info/grafts',
      ),
    naive: 'git rev-list --count HEAD 2>/dev/null',
    fired: (output) => output === '1\n',
  },
  {
    name: 'shallow',
    plant: (site) => site.shell('git commit -q --allow-empty -m x; git rev-parse HEAD > .git/shallow'),
    naive: 'git rev-list --count HEAD',
    fired: (output) => output === '1\n',
  },
  ...['HEAD', 'objects/info/alternates', 'index', 'config'].map((file): Poison => ({
    name: `a pipe instead of ${file}`,
    plant: (site) => site.shell(`rm -f .git/${file}; mkfifo .git/${file}`),
    naive: 'git status',
    stalls: true,
  })),
  {
    name: 'a pipe instead of .gitignore',
    plant: (site) => site.shell('mkfifo .gitignore'),
    naive: 'git status',
    stalls: true,
  },
];

/** Files in a clone that only work with settings of the machine, such as a filter for all its users. */
export const CLONED: Poison[] = [
  {
    name: 'a filter of the person who started the service',
    repository: { '.gitattributes': '* filter=lfs\n' },
    plant: (site) => site.shell(`git config --global filter.lfs.smudge "${site.fires}"`),
    naive: 'git clone -q . $ELSEWHERE/copy',
  },
  {
    name: 'attributes that change bytes',
    repository: { '.gitattributes': '*.own text eol=crlf\n' },
    plant: (site) => site.write('new.own', 'x\r\n'),
    naive: 'git add new.own; git cat-file -s :new.own',
    fired: (output) => output.endsWith('2\n'),
    adds: ['added new.own +1 -0'],
  },
];
