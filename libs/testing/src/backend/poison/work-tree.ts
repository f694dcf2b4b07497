import { type Poison, SECRET } from './world.js';

const showsSecret = (output: string) => output.includes(SECRET);

/** A link that leads outside, and a control that follows it. */
const link = (name: string, script: string, naive: string, adds: string[]): Poison => ({
  name,
  plant: (site) => site.shell(script),
  naive,
  fired: showsSecret,
  adds,
});

/** Symbolic links in the work tree. */
export const LINKS: Poison[] = [
  link('to a file', 'ln -s $ELSEWHERE/secret l', 'cat l', ['added l +1 -0']),
  link('to a folder', 'ln -s $ELSEWHERE l', 'cat l/secret', ['added l +1 -0']),
  link('by a relative path', 'ln -s "$(realpath --relative-to=. $ELSEWHERE/secret)" l', 'cat l', [
    'added l +1 -0',
  ]),
  link('by other links', 'ln -s $ELSEWHERE x; ln -s x y; ln -s y/secret z', 'cat z', [
    'added x +1 -0',
    'added y +1 -0',
    'added z +1 -0',
  ]),
  link('instead of .gitmodules', 'ln -s $ELSEWHERE/secret .gitmodules', 'cat .gitmodules', []),
  link('instead of .gitignore', 'ln -s $ELSEWHERE/secret .gitignore', 'cat .gitignore', [
    'added .gitignore +1 -0',
  ]),
  link('instead of .gitattributes', 'ln -s $ELSEWHERE/secret .gitattributes', 'cat .gitattributes', [
    'added .gitattributes +1 -0',
  ]),
  {
    ...link('in place of a folder', 'rm -r dir; ln -s $ELSEWHERE dir', 'cat dir/secret', [
      'added dir +1 -0',
      'deleted dir/secret +0 -1',
    ]),
    repository: { 'dir/secret': 'x\n' },
  },
  {
    name: 'to itself',
    plant: (site) => site.shell('ln -s l l'),
    naive: 'cat l',
    fired: (output) => output.includes('Too many levels'),
    adds: ['added l +1 -0'],
  },
  {
    name: 'to a device that never ends',
    plant: (site) => site.shell('ln -s /dev/zero l'),
    naive: 'cat l > /dev/null',
    stalls: true,
    adds: ['added l +1 -0'],
  },
];

/** Pipes and sockets. (An agent cannot create devices: that requires a capability.) */
export const SPECIAL: Poison[] = [
  {
    name: 'a pipe',
    plant: (site) => site.shell('mkfifo p'),
    naive: 'cat p',
    stalls: true,
  },
  {
    name: 'a pipe in place of a file',
    repository: { p: 'x\n' },
    plant: (site) => site.shell('rm p; mkfifo p'),
    naive: 'cat p',
    stalls: true,
    adds: ['deleted p +0 -1'],
  },
  {
    name: 'a socket in place of a file',
    repository: { s: 'x\n' },
    plant: (site) =>
      site.shell(`rm s; perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "s", Listen => 1)'`),
    naive: 'cat s',
    fired: (output) => output.includes('No such device or address'),
    adds: ['deleted s +0 -1'],
  },
];

const OWN = 'git init -q own; cd own; echo x > x; git add x; git commit -qm x';

/** git reads `own/.git` to find out what `own` is. If it is a pipe, git waits. */
const pipeIn = (file: string): Poison => ({
  name: `with a pipe instead of ${file}`,
  plant: (site) =>
    site.shell(`${OWN}; mkdir -p "$(dirname .git/${file})"; rm -f .git/${file}; mkfifo .git/${file}`),
  naive: 'git -C own status',
  stalls: true,
  adds: ['added own/x +1 -0'],
});

/** A repository in a folder of the work tree. */
export const NESTED: Poison[] = [
  ...['HEAD', 'packed-refs', 'config'].map(pipeIn),
  {
    name: 'that is broken',
    plant: (site) => site.shell(`${OWN}; : > .git/commondir`),
    naive: 'git status',
    fired: (output) => output.includes('fatal'),
    refused: true,
  },
  {
    name: 'with hooks',
    plant: (site) =>
      site.shell(`${OWN}; mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch ${site.marker}\\n' > .git/hooks/pre-commit
chmod +x .git/hooks/pre-commit`),
    naive: 'cd own; git commit -q --allow-empty -m x',
    adds: ['added own/x +1 -0'],
  },
  {
    name: 'with filters',
    plant: (site) =>
      site.shell(
        `${OWN}; git config filter.own.clean "${site.fires}"; echo '* filter=own' > .gitattributes; echo y > x`,
      ),
    naive: 'cd own; git add x',
    adds: ['added own/.gitattributes +1 -0', 'added own/x +1 -0'],
  },
  {
    name: 'whose .git is a file that leads elsewhere',
    plant: (site) =>
      site.shell(`${OWN}; mv .git $ELSEWHERE/own; git -C $ELSEWHERE/own config core.fsmonitor "${site.fires}"
echo "gitdir: $ELSEWHERE/own" > .git`),
    naive: 'git -C own status',
    adds: ['added own/x +1 -0'],
  },
  {
    name: 'whose .git is a link that leads elsewhere',
    plant: (site) =>
      site.shell(`${OWN}; mv .git $ELSEWHERE/own; git -C $ELSEWHERE/own config core.fsmonitor "${site.fires}"
ln -s $ELSEWHERE/own .git`),
    naive: 'git -C own status',
    adds: ['added own/x +1 -0'],
  },
  {
    name: 'in a repository, seven deep',
    plant: (site) =>
      site.shell(
        'for n in 1 2 3 4 5 6 7; do git init -q own; cd own; echo x > x; git add x; git commit -qm x; done',
      ),
    naive: 'git add . 2>/dev/null; git ls-files -s',
    fired: (output) => output.includes('160000'),
    adds: [1, 2, 3, 4, 5, 6, 7].map((n) => `added ${'own/'.repeat(n)}x +1 -0`),
  },
];
