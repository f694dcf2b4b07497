import type { Poison } from './world.js';

const LONG = 'l'.repeat(255);
const DEEP = 1_200;

/** Names that confuse tools. */
export const NAMES: Poison[] = [
  {
    name: 'bytes that are not UTF-8',
    plant: (site) => site.shell(`echo x > "$(printf 'l\\351')"`),
    naive: 'ls | iconv -f utf-8 -t utf-16',
    fired: (output) => output.includes('cannot convert') || output.includes('illegal input'),
    adds: ['added "l\\351" +1 -0'],
  },
  {
    name: 'a new line',
    plant: (site) => site.write('two\nlines', 'x\n'),
    naive: 'ls | while read -r name; do test -e "$name" || echo lost; done',
    fired: (output) => output.includes('lost'),
    adds: ['added two\nlines +1 -0'],
  },
  {
    name: 'control characters',
    plant: (site) => site.write('\u001b]0;title\u0007\t\u007f', 'x\n'),
    naive: 'ls --show-control-chars',
    fired: (output) => output.includes('\u001b]0;title'),
    adds: ['added \u001b]0;title\u0007\t\u007f +1 -0'],
  },
  {
    name: 'an option',
    plant: (site) => site.write('--version', 'x\n'),
    naive: 'cat *',
    fired: (output) => output.includes('coreutils'),
    adds: ['added --version +1 -0'],
  },
  {
    name: 'pathspec magic of git',
    plant: (site) => site.write(':(top)a.txt', 'x\n'),
    naive: 'git add ":(top)a.txt"; git ls-files',
    fired: (output) => !output.includes('top'),
    adds: ['added :(top)a.txt +1 -0'],
  },
  {
    name: 'backslashes that are folders on another system',
    plant: (site) => site.write('.git\\x', 'x\n'),
    naive: 'git add .',
    fired: (output) => output.includes('invalid path'),
    adds: ['added .git\\x +1 -0'],
  },
  {
    name: 'as long as the system allows',
    plant: (site) => site.write(LONG, 'x\n'),
    naive: `cp ${LONG} ${LONG}.copy`,
    fired: (output) => output.includes('too long'),
    adds: [`added ${LONG} +1 -0`],
  },
  {
    name: 'that differ only in upper and lower case',
    plant: (site) => site.write('A.txt', 'x\n'),
    naive: 'git -c core.ignoreCase=true status --porcelain',
    fired: (output) => !output.includes('A.txt'),
    adds: ['added A.txt +1 -0'],
  },
  {
    name: '.GIT, which is .git elsewhere',
    plant: (site) => site.write('.GIT/hooks/pre-commit', 'x\n'),
    naive: 'git add .GIT',
    fired: (output) => output.includes('invalid path'),
  },
  {
    name: 'GIT~1, which is .git elsewhere',
    plant: (site) => site.write('GIT~1/hooks/pre-commit', 'x\n'),
    naive: 'git add GIT~1',
    fired: (output) => output.includes('invalid path'),
    adds: ['added GIT~1/hooks/pre-commit +1 -0'],
  },
];

/** Nested folders, too deep for a single path. */
const folders = (count: number, name: string) =>
  `perl -e 'for (1..${count}) { mkdir "${name}"; chdir "${name}" } open F, ">f"; print F "x\\n"'`;

/** More than a tool should read. */
export const SIZES: Poison[] = [
  {
    name: `${DEEP} nested folders`,
    plant: (site) => site.shell(folders(DEEP, 'd')),
    naive: `cat "$(perl -e 'print "d/" x 4000')f"`,
    fired: (output) => output.includes('too long'),
    adds: [`added ${'d/'.repeat(DEEP)}f +1 -0`],
  },
  {
    name: 'folders deeper than a path can be long',
    plant: (site) => site.shell(folders(300, 'd'.repeat(50))),
    naive: 'find . -name f | xargs cat',
    fired: (output) => output.includes('too long'),
  },
  {
    name: 'a file of 10 GB',
    plant: (site) => site.shell('truncate -s 10G big'),
    naive: 'git add big',
    stalls: true,
  },
  {
    name: 'a file that has grown to 10 GB',
    repository: { big: 'x\n' },
    plant: (site) => site.shell('truncate -s 10G big'),
    naive: 'git add big',
    stalls: true,
  },
  {
    name: 'a .gitignore of 10 GB',
    plant: (site) => site.shell('truncate -s 10G .gitignore'),
    // The control has its own limit, since it would otherwise use all memory of the machine.
    naive: 'prlimit --data=1000000000 git status',
    fired: (output) => output.includes('emory'),
    refused: true,
  },
  {
    name: 'a .gitattributes of 10 GB',
    plant: (site) => site.shell('truncate -s 10G .gitattributes'),
    naive: 'git add .gitattributes',
    stalls: true,
  },
];
