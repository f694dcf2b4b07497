import { type Poison, SECRET } from './world.js';

const POINTER = `version https://git-lfs.github.com/spec/v1
oid sha256:${'0'.repeat(64)}
size 12345
`;
const ATTRIBUTES = 'added .gitattributes +1 -0';

/** Files of a repository that make git use other bytes, other contents or other repositories. */
export const REQUESTS: Poison[] = [
  {
    name: 'an LFS pointer',
    repository: { '.gitattributes': '*.bin filter=lfs\n', 'a.bin': POINTER },
    plant: (site) => site.configure(['filter.lfs.smudge', site.fires]),
    naive: 'rm a.bin; git checkout a.bin',
  },
  {
    name: 'ident',
    plant: async (site) => {
      await site.write('.gitattributes', '* ident\n');
      await site.write('f', '$Id: mine $\n');
    },
    naive: 'git add f; git cat-file -p :f',
    fired: (output) => output === '$Id$\n',
    adds: [ATTRIBUTES, 'added f +1 -0'],
  },
  {
    name: 'an encoding that the file does not have',
    plant: async (site) => {
      await site.write('.gitattributes', '*.u working-tree-encoding=UTF-16\n');
      await site.write('f.u', 'x\n');
    },
    naive: 'git add f.u',
    fired: (output) => output.includes('BOM is required'),
    adds: [ATTRIBUTES, 'added f.u +1 -0'],
  },
  {
    name: 'export-subst',
    repository: { '.gitattributes': 'v export-subst\n', v: '$Format:%an$\n' },
    plant: () => Promise.resolve(),
    naive: 'git archive HEAD v | tar -xO',
    fired: (output) => output === 'Ada\n',
  },
  {
    name: 'export-ignore and diff attributes that hide',
    plant: async (site) => {
      await site.write('.gitattributes', '* -diff\n');
    },
    naive: 'git diff a.txt',
    fired: (output) => output.includes('Binary files'),
    adds: [ATTRIBUTES],
  },
  {
    name: 'a submodule whose address is an option',
    plant: async (site) => {
      await site.write('own.sh', `#!/bin/sh\ntouch ${site.marker}\n`, 0o755);
      await site.write(
        '.gitmodules',
        `[submodule "own"]\npath = own\nurl = --upload-pack=${site.repo}/own.sh\n`,
      );
    },
    naive: 'git clone $(git config -f .gitmodules submodule.own.url) "$PWD" $ELSEWHERE/copy',
    adds: ['added .gitmodules +3 -0', 'added own.sh +2 -0'],
  },
  {
    name: 'a submodule that lies outside',
    plant: async (site) => {
      await site.write('.gitmodules', `[submodule "../x"]\npath = ${site.elsewhere}/own\nurl = ./x\n`);
      await site.shell('git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),own');
    },
    naive:
      'mkdir "$(git config -f .gitmodules submodule.../x.path)"; test -d $ELSEWHERE/own && touch $MARKER',
    adds: ['added .gitmodules +3 -0'],
  },
];

/** Settings and files that make the agent's clone read objects from other places, or broken objects. */
export const OBJECTS: Poison[] = [
  {
    name: 'alternates that lead to another repository',
    plant: (site) =>
      site.shell(`git init -q --bare $ELSEWHERE/own; git -C $ELSEWHERE/own hash-object -w $ELSEWHERE/secret
echo $ELSEWHERE/own/objects >> .git/objects/info/alternates`),
    naive: 'git cat-file -p $(git hash-object $ELSEWHERE/secret)',
    fired: (output) => output.includes(SECRET),
  },
  {
    name: 'a promisor remote for missing objects',
    plant: (site) =>
      site.configure(
        ['core.repositoryFormatVersion', '1'],
        ['extensions.partialClone', 'own'],
        ['remote.own.promisor', 'true'],
        ['remote.own.url', `ext::touch ${site.marker}`],
        ['protocol.ext.allow', 'always'],
      ),
    naive:
      'git config --unset core.repositoryFormatVersion 0; git cat-file -p 1111111111111111111111111111111111111111',
  },
  {
    name: 'a broken commit-graph',
    plant: (site) =>
      site.shell(
        'git commit-graph write --reachable; chmod u+w .git/objects/info/commit-graph; echo x > .git/objects/info/commit-graph',
      ),
    naive: 'git log --oneline',
    fired: (output) => output.includes('commit-graph'),
  },
  {
    name: 'a pack that never ends',
    plant: (site) =>
      site.shell('mkdir -p .git/objects/pack; cd .git/objects/pack; mkfifo pack-x.idx; touch pack-x.pack'),
    naive: 'git cat-file -p 1111111111111111111111111111111111111111',
    stalls: true,
  },
  {
    name: 'an object with the contents of another',
    plant: (site) =>
      site.shell(`oid=$(echo changed | git hash-object -w --stdin); other=$(echo lies | git hash-object -w --stdin)
path() { echo .git/objects/$(echo $1 | cut -c1-2)/$(echo $1 | cut -c3-); }; cp -f "$(path $other)" "$(path $oid)"`),
    naive: 'git cat-file -p $(echo changed | git hash-object --stdin)',
    fired: (output) => output.includes('mismatch') || output.includes('lies') || output.includes('corrupt'),
  },
];
