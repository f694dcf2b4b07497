import type { Step } from '../script.js';
import { printedBy, type Turn } from '../turn.js';
import { type Exports, languageOf, nameOf } from './test-languages.js';
import { addFilesPatch, command, FILES, lines, plan, SAFE_PATH, SCRIPTED, THINK } from './steps.js';

/*
 *     list the files ──► count how often tests name each of them ──► load the three that they name least, one by one
 *         ──► write tests for what the first of them exports ──► run them
 */

const PLAN = ['Compare code and tests', 'See what the weakest file exports', 'Write tests', 'Run the tests'];
const TEST =
  /(^|\/)(tests?|__tests__|specs?)\/|[._-](test|spec)\.[cm]?js$|(^|\/)(test_[^/]*|conftest)\.py$|_test\.py$/;
const NO_SOURCE =
  /(^|\/)(node_modules|dist|build|vendor|scripts|bin)\/|\.min\.js$|\.config\.[cm]?js$|(^|\/)\.|__init__\.py$/;
const MAX_FILES = 40;
const MAX_ATTEMPTS = 3;

interface Source {
  path: string;
  /** Lines of tests that name it. */
  mentions: number;
}

/** Finds the file that tests name least, and adds tests that hold it to what it exports. */
export function* addTests(turn: Turn): Generator<Step, void, string> {
  yield THINK;
  yield {
    do: 'reasoning',
    text: '**Reading the prompt**\n\nI will compare the code with its tests first: which files do the tests name, and which not? I can test JavaScript and Python.',
  };
  yield* plan(turn, PLAN, 0);
  const paths = lines(yield command(`${FILES} | sed -nE '/\\.(js|mjs|cjs|py)$/p' | head -n 400`));
  const safe = paths.filter((path) => SAFE_PATH.test(path));
  const tests = safe.filter((path) => TEST.test(path)).slice(0, 100);
  const candidates = safe.filter((path) => !TEST.test(path) && !NO_SOURCE.test(path)).slice(0, MAX_FILES);
  const modules = candidates.length === 0 ? [] : lines(yield command(findModules(candidates)));
  if (modules.length === 0) {
    yield say('I changed nothing: I found no JavaScript or Python code that a test could load.');
    return;
  }
  const counts = tests.length === 0 ? [] : lines(yield command(countMentions(modules, tests)));
  const sources = modules.map((path, index): Source => ({ path, mentions: Number(counts[index] ?? 0) }));
  sources.sort((a, b) => a.mentions - b.mentions || a.path.localeCompare(b.path));

  yield* plan(turn, PLAN, 1);
  for (const source of sources.slice(0, MAX_ATTEMPTS)) {
    const exported = exportsIn(yield command(languageOf(source.path).probe(source.path)));
    if (exported.length === 0) continue;
    yield* writeTests(turn, source, exported, tests);
    return;
  }
  yield say(
    'I changed nothing: the files that the tests name least export nothing, or cannot be loaded by themselves.',
  );
}

function* writeTests(
  turn: Turn,
  source: Source,
  exported: Exports,
  tests: string[],
): Generator<Step, void, string> {
  const { path, mentions } = source;
  const language = languageOf(path);
  const file = language.testFile(path, tests);
  const named =
    mentions === 0 ? 'no test names it' : `its name occurs in only ${mentions} lines of the tests`;
  yield {
    do: 'message',
    text: `The weakest tests are those of \`${path}\`: ${named}. I will add \`${file}\`.`,
  };
  yield* plan(turn, PLAN, 2);
  const written = yield { do: 'patch', patch: addFilesPatch([[file, language.testText(path, exported)]]) };
  yield* plan(turn, PLAN, 3);
  const result = language.resultOf(printedBy(yield command(language.run(file))));
  yield* plan(turn, PLAN, 4);
  yield THINK;
  const text = [
    `I added tests for \`${path}\`, because ${named}. ${result}`,
    '',
    `**In \`${file}\`**`,
    '',
    ...exported.map(([name, type]) => `- \`${name}\` is there and is a ${type}`),
    '',
    'They hold the file to what it exports today. What it computes, a script cannot judge.',
  ].join('\n');
  yield say(written.includes('Success') ? text : `I could not write \`${file}\`.`);
}

const say = (text: string): Step => ({ do: 'message', text: `${text}\n\n${SCRIPTED}` });

/** Prints the files that export something. Others are programs: to load them would run them. */
const findModules = (candidates: string[]): string =>
  `grep -lE '^(export |module\\.exports|exports\\.|def |class )' ${candidates.join(' ')} || true`;

/** Prints one number per source, in their order. */
const countMentions = (sources: string[], tests: string[]): string =>
  `for name in ${sources.map(nameOf).join(' ')}; do cat ${tests.join(' ')} | grep -cw -- "$name"; done; true`;

/** @param output of a probe */
function exportsIn(output: string): Exports {
  const line = lines(output).findLast((text) => text.startsWith('EXPORTS '));
  if (!line) return [];
  try {
    const exported = JSON.parse(line.slice('EXPORTS '.length)) as Exports;
    return exported.filter(([name]) => /^[A-Za-z_]\w*$/.test(name)).slice(0, 20);
  } catch {
    return [];
  }
}
