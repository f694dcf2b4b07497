import type { Script, Step } from '../script.js';
import { printedBy, type Turn } from '../turn.js';
import { addFilesPatch } from './demo-note.js';
import type { Recipe } from './recipes/recipe.js';

const PLAN = ['Write the code', 'Write its tests', 'Run the tests'];

/** Builds what a recipe describes: the code, its tests, and a run of the tests. */
export function* build(
  turn: Turn,
  recipe: Recipe,
  plan: (turn: Turn, steps: string[], done: number) => Generator<Step, void, string>,
): ReturnType<Script> {
  yield { do: 'reasoning', text: `**Reading the prompt**\n\nI will build ${recipe.what}, then test it.` };
  yield* plan(turn, PLAN, 0);
  const taken = printedBy(yield { do: 'command', cmd: 'ls -A' }).split('\n');
  const folder = folderFor(recipe, taken);
  const code = yield { do: 'patch', patch: addFilesPatch(placed(recipe.code, folder)) };
  yield* plan(turn, PLAN, 1);
  yield { do: 'patch', patch: addFilesPatch(placed(recipe.tests, folder)) };
  yield* plan(turn, PLAN, 2);
  const inFolder = folder === '' ? '' : `cd ${folder} && `;
  const files = Object.keys(recipe.tests).join(' ');
  const output = printedBy(
    yield { do: 'command', cmd: `${inFolder}node --test --test-reporter=tap ${files}` },
  );
  yield* plan(turn, PLAN, 3);
  yield { do: 'message', text: answer(recipe, folder, code.includes('Success'), output) };
}

/** The top of the repository, unless something there has one of the names. Only `a-z0-9-`, so it is safe in a command. */
function folderFor(recipe: Recipe, taken: string[]): string {
  const names = [...Object.keys(recipe.code), ...Object.keys(recipe.tests)].map((path) => path.split('/')[0]);
  const used = new Set(taken);
  if (!names.some((name) => used.has(name ?? ''))) return '';
  for (let n = 1; ; n += 1) {
    const folder = n === 1 ? recipe.folder : `${recipe.folder}-${n}`;
    if (!used.has(folder)) return folder;
  }
}

const placed = (files: Record<string, string>, folder: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [folder === '' ? path : `${folder}/${path}`, text]),
  );

function answer(
  { what, code, tests, use }: Recipe,
  folder: string,
  written: boolean,
  output: string,
): string {
  const [, passed = '0'] = /^# pass (\d+)$/m.exec(output) ?? [];
  const [, failed = ''] = /^# fail (\d+)$/m.exec(output) ?? [];
  const place = folder === '' ? '' : ` in \`${folder}\``;
  const files = [...Object.keys(code), ...Object.keys(tests)].map((path) => `\`${path}\``).join(', ');
  const result =
    failed === '0'
      ? `All ${passed} tests pass.`
      : 'The tests did not pass; the output of the command above says why.';
  return [
    written ? `I built ${what}${place}: ${files}. ${result}` : `I could not write ${what}${place}.`,
    '',
    ...(written ? [use, ''] : []),
    '> **This answer is scripted, not an AI**: set `CODEX_API_KEY` or `CODEX_BASE_URL` in `.env` for real work.',
  ].join('\n');
}
