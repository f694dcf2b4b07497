import type { Step } from '../script.js';
import { printedBy, type Turn } from '../turn.js';
import { command, FILES, lines, plan, SCRIPTED, THINK } from './steps.js';

const PLAN = ['List the files', 'Read what introduces them', 'Explain what is there'];
const MANIFESTS = [
  'package.json',
  'pyproject.toml',
  'Cargo.toml',
  'go.mod',
  'pom.xml',
  'Gemfile',
  'Makefile',
];
/** Commits that count for what changes often. */
const COMMITS = 300;

/** What folders of these names are for, by convention. */
const PURPOSES: Record<string, string> = {
  src: 'the source code',
  lib: 'the source code of a library',
  libs: 'libraries',
  app: 'the application',
  apps: 'applications',
  packages: 'packages',
  cmd: 'commands',
  internal: 'code for this repository alone',
  test: 'tests',
  tests: 'tests',
  spec: 'tests',
  docs: 'documentation',
  doc: 'documentation',
  examples: 'examples',
  scripts: 'scripts for development',
  bin: 'programs',
  public: 'files that are served as they are',
  assets: 'pictures and the like',
  migrations: 'changes of a database’s schema',
  '.github': 'workflows and templates of GitHub',
};

interface Counted {
  name: string;
  count: number;
}

interface Findings {
  entries: string[];
  folders: Counted[];
  endings: Counted[];
  readme: { name: string; text: string[] } | null;
  manifest: { name: string; text: string } | null;
  changed: Counted[];
}

/** Explains the repository from what commands print about it. It changes nothing. */
export function* explainRepository(turn: Turn): Generator<Step, void, string> {
  yield THINK;
  yield {
    do: 'reasoning',
    text: '**Reading the prompt**\n\nThis asks for an explanation, so I will change nothing. I will list the files first, then read what introduces them.',
  };
  yield* plan(turn, PLAN, 0);
  const entries = lines(yield command('ls -F'));
  const folders = counted(yield command(`${FILES} | sed -n 's|/.*||p' | ${MOST_FREQUENT} -n 12`));
  const ending = String.raw`s|.*\.\([A-Za-z0-9]*\)$|\1|p`;
  const endings = counted(yield command(`${FILES} | sed -n '${ending}' | ${MOST_FREQUENT} -n 6`));
  yield* plan(turn, PLAN, 1);
  const readmeName = entries.find((name) => /^readme(\.(md|txt|rst))?$/i.test(name));
  const readme = readmeName && { name: readmeName, text: lines(yield command(`head -n 40 ${readmeName}`)) };
  const manifestName = MANIFESTS.find((name) => entries.includes(name));
  const manifest = manifestName && {
    name: manifestName,
    text: printedBy(yield command(`head -n 60 ${manifestName}`)),
  };
  const names = `git log --format= --name-only -n ${COMMITS} 2>/dev/null | sed '/^$/d'`;
  const changed = counted(yield command(`${names} | ${MOST_FREQUENT} -n 3`));
  yield* plan(turn, PLAN, 3);
  yield THINK;
  const found = { entries, folders, endings, readme: readme || null, manifest: manifest || null, changed };
  yield { do: 'message', text: `${explanation(found)}\n\n${SCRIPTED}` };
}

const MOST_FREQUENT = 'sort | uniq -c | sort -rn | head';

/** @param output of `uniq -c` */
const counted = (output: string): Counted[] =>
  lines(output).flatMap((line) => {
    const [, count, name] = /^\s*(\d+) (.+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, count: Number(count) }];
  });

function explanation(found: Findings): string {
  if (found.endings.length === 0 && found.entries.length === 0)
    return 'The repository is empty so far, so there is nothing to explain.';
  return [...about(found), ...organisation(found), ...firstSteps(found)].join('\n').trimEnd();
}

function about({ readme, endings }: Findings): string[] {
  const introduction = readme?.text.find((line) => /^[\p{L}*_"“]/u.test(line));
  const kinds = endings.map(({ name, count }) => `${files(count)} \`.${name}\``).join(', ');
  return [
    ...(readme && introduction ? [`\`${readme.name}\` begins with: “${introduction.trim()}”`, ''] : []),
    ...(kinds ? [`Most files are: ${kinds}.`, ''] : []),
  ];
}

function organisation({ entries, folders }: Findings): string[] {
  const topLevel = entries.filter((name) => !name.endsWith('/')).map((name) => `\`${name}\``);
  return [
    '**How it is organised**',
    '',
    ...folders.map(({ name, count }) => {
      const purpose = PURPOSES[name];
      return `- \`${name}/\`, ${files(count)}${purpose ? `: by its name, ${purpose}` : ''}`;
    }),
    ...(topLevel.length > 0 ? [`- At the top: ${topLevel.slice(0, 12).join(', ')}`] : []),
    '',
  ];
}

function firstSteps({ readme, manifest, folders, changed }: Findings): string[] {
  const scripts = [...(manifest?.text ?? '').matchAll(/"(test|start|dev|build|lint)"\s*:\s*"/g)].map(
    ([, name]) => `\`npm run ${name}\``,
  );
  const tests = folders.find(({ name }) => PURPOSES[name] === 'tests');
  const [often] = changed;
  const steps = [
    ...(readme ? [`\`${readme.name}\`, which introduces it.`] : []),
    ...(manifest
      ? [`\`${manifest.name}\`${scripts.length > 0 ? `; its scripts include ${scripts.join(', ')}` : ''}.`]
      : []),
    ...(tests ? [`\`${tests.name}/\`: tests show how the code is meant to be used.`] : []),
    ...(often
      ? [`\`${often.name}\`, which changed most often: in ${often.count} of the last ${COMMITS} commits.`]
      : []),
  ];
  return ['**Where to begin reading**', '', ...steps.map((step, index) => `${index + 1}. ${step}`)];
}

const files = (count: number) => `${count} ${count === 1 ? 'file' : 'files'}`;
