import type { Step } from '../script.js';
import { printedBy, type Turn } from '../turn.js';
import { addFilesPatch, command, lines, plan, SAFE_PATH, SCRIPTED, THINK } from './steps.js';

const PLAN = ['Look for rough edges', 'Mend one', 'Check the change'];
const MAX_LINE_CHARS = 300;
const MAX_LINES = 10;

/** Misspellings that are never right, and words written twice. */
const MISTAKES: Record<string, string> = {
  accomodate: 'accommodate',
  adress: 'address',
  begining: 'beginning',
  definately: 'definitely',
  dependancies: 'dependencies',
  enviroment: 'environment',
  existant: 'existent',
  explicitely: 'explicitly',
  independant: 'independent',
  neccessary: 'necessary',
  occured: 'occurred',
  occurence: 'occurrence',
  paramter: 'parameter',
  recieve: 'receive',
  recieved: 'received',
  refered: 'referred',
  seperate: 'separate',
  succesful: 'successful',
  succesfully: 'successfully',
  teh: 'the',
  untill: 'until',
  wich: 'which',
  'and and': 'and',
  'is is': 'is',
  'of of': 'of',
  'the the': 'the',
  'to to': 'to',
};
const MISTAKE = new RegExp(`\\b(${Object.keys(MISTAKES).join('|')})\\b`, 'gi');
/** Only in prose: in code, a misspelled name may be in use elsewhere. */
const FIND_MISTAKES = `git grep --untracked -nIiwE '${Object.keys(MISTAKES).join('|')}' -- '*.md' '*.rst' '*.txt'`;
/** Markdown breaks lines with blanks, and patches and snapshots contain them. */
const FIND_BLANKS = `git grep --untracked -nIE '[[:blank:]]+$' -- . ':!*.md' ':!*.patch' ':!*.diff' ':!*.snap' ':!*.min.*'`;
const FIND_NOTES = `git grep --untracked -nIE 'TODO|FIXME' | cut -c 1-160 | head -n 5`;

/** Lines of one file, each with its replacement. */
interface Fix {
  what: string;
  path: string;
  lines: { number: number; before: string; after: string }[];
}

/** Finds something that a script can mend, mends it, and explains what has changed. */
export function* fixRoughEdge(turn: Turn): Generator<Step, void, string> {
  yield THINK;
  yield {
    do: 'reasoning',
    text: '**Reading the prompt**\n\nI will look for what a script can mend without a risk: mistakes in the documentation, then blanks at the ends of lines, then a README that is missing.',
  };
  yield* plan(turn, PLAN, 0);
  const listing = lines(yield command('ls -F'));
  const notes = lines(yield command(FIND_NOTES));
  const mistakes = yield command(`${FIND_MISTAKES} | ${END_OF_LINE}`);
  let fix = fixOf('mistakes in the text', mistakes, correct);
  if (!fix)
    fix = fixOf('blanks at the ends of lines', yield command(`${FIND_BLANKS} | ${END_OF_LINE}`), trim);
  if (fix) {
    yield { do: 'message', text: `\`${fix.path}\` has ${fix.what}. I will remove them.` };
    yield* plan(turn, PLAN, 1);
    const written = yield { do: 'patch', patch: patchOf(fix) };
    yield* plan(turn, PLAN, 2);
    const check = printedBy(yield command(`git diff --unified=0 -- ${fix.path} | head -n 60`));
    yield* plan(turn, PLAN, 3);
    yield THINK;
    yield { do: 'message', text: answer(fixedText(fix, written.includes('Success'), check), notes) };
  } else if (listing.length > 0 && !listing.some((name) => /^readme/i.test(name))) {
    yield { do: 'message', text: 'There is no README. I will write one that lists what is here.' };
    yield* plan(turn, PLAN, 1);
    const written = yield { do: 'patch', patch: addFilesPatch([['README.md', readmeText(listing)]]) };
    yield* plan(turn, PLAN, 2);
    yield command('cat README.md');
    yield* plan(turn, PLAN, 3);
    yield { do: 'message', text: answer(readmeAnswer(written.includes('Success')), notes) };
  } else {
    yield { do: 'message', text: answer(listing.length === 0 ? EMPTY : NOTHING, notes) };
  }
}

/** Marks where lines end, since blanks at the end of an output are lost. */
const END_OF_LINE = `sed 's/$/|/' | head -n 200`;

const correct = (line: string) =>
  // Code in a text is left alone.
  line.includes('`') ? line : line.replace(MISTAKE, (found) => likeIn(found, MISTAKES[found.toLowerCase()]));
const trim = (line: string) => line.trimEnd();

const likeIn = (found: string, right = found): string =>
  /^\p{Lu}/u.test(found) ? right.charAt(0).toUpperCase() + right.slice(1) : right;

/** @param output lines `path:number:text|`; those of the first file that can be mended are taken */
function fixOf(what: string, output: string, mend: (line: string) => string): Fix | null {
  const found = lines(output).flatMap((line) => {
    const [, path = '', number, before = ''] = /^([^:]+):(\d+):(.*)\|$/.exec(line) ?? [];
    const after = mend(before);
    const usable = SAFE_PATH.test(path) && after !== before && before.length <= MAX_LINE_CHARS;
    return usable ? [{ path, number: Number(number), before, after }] : [];
  });
  const path = found[0]?.path;
  if (path === undefined) return null;
  return { what, path, lines: found.filter((line) => line.path === path).slice(0, MAX_LINES) };
}

const patchOf = ({ path, lines: changed }: Fix): string =>
  [
    '*** Begin Patch',
    `*** Update File: ${path}`,
    ...changed.flatMap(({ before, after }) => ['@@', `-${before}`, `+${after}`]),
    '*** End Patch',
  ].join('\n');

function fixedText({ what, path, lines: changed }: Fix, written: boolean, check: string): string {
  if (!written) return `I could not change \`${path}\`.`;
  const numbers = changed.map(({ number }) => number).join(', ');
  const diff = check.split('\n').filter((line) => /^[-+](?![-+]{2} )/.test(line));
  return [
    `I removed ${what} in \`${path}\`, in ${changed.length === 1 ? 'line' : 'lines'} ${numbers}. The rest stays as it was.`,
    ...(diff.length > 0 ? ['', '```diff', ...diff, '```'] : []),
  ].join('\n');
}

const readmeAnswer = (written: boolean): string =>
  written
    ? 'The repository had no README. I wrote `README.md`, which lists what is here; what it is for is yours to add.'
    : 'I could not write `README.md`.';

const readmeText = (listing: string[]): string =>
  ['# About this repository', '', 'What is here:', '', ...listing.map((name) => `- \`${name}\``)].join('\n');

const EMPTY = 'The repository is empty so far, so there is nothing to mend.';
const NOTHING =
  'I changed nothing. I looked for mistakes in the documentation, for blanks at the ends of lines and for a missing README, and found none of them.';

function answer(text: string, notes: string[]): string {
  const left =
    notes.length === 0 ? [] : ['', '**TODO and FIXME in the code**', '', '```text', ...notes, '```'];
  return [text, ...left, '', SCRIPTED].join('\n');
}
