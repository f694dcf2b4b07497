import type { Step } from '../script.js';
import { printedBy, type Turn } from '../turn.js';
import { headingOf } from './demo-note.js';
import { type DemoProject, readProject } from './projects.js';
import { addFilesPatch, command, lines, plan, SCRIPTED, testResult, THINK } from './steps.js';

const PLAN = ['Look around the repository', 'Write the program', 'Write tests', 'Run the tests'];

/** Builds one of the demo's programs in a folder of its own, and runs its tests. */
export function* buildProject(turn: Turn, project: DemoProject): Generator<Step, void, string> {
  const { code, tests } = readProject(project);
  yield THINK;
  yield {
    do: 'reasoning',
    text: `**Reading the prompt**\n\nThe prompt is "${headingOf(turn.prompts.at(-1) ?? '')}". I will look at the repository first, then write the program with its tests, and run them.`,
  };
  yield* plan(turn, PLAN, 0);
  const folder = freeFolder(project.name, lines(yield command('ls -F')));
  yield { do: 'message', text: `I will build ${project.what}, in \`${folder}/\`.` };
  yield* plan(turn, PLAN, 1);
  const written = yield { do: 'patch', patch: addFilesPatch(within(folder, code)) };
  yield* plan(turn, PLAN, 2);
  yield { do: 'patch', patch: addFilesPatch(within(folder, tests)) };
  yield* plan(turn, PLAN, 3);
  const output = printedBy(yield command(`cd ${folder} && node --test --test-reporter=spec`));
  yield* plan(turn, PLAN, 4);
  yield THINK;
  const files = [...code.keys(), ...tests.keys()];
  yield { do: 'message', text: answerText(project, folder, files, written.includes('Success'), output) };
}

function answerText(project: DemoProject, folder: string, files: string[], written: boolean, output: string) {
  if (!written) return `I could not write \`${folder}/\`.\n\n${SCRIPTED}`;
  return [
    `I built ${project.what}. ${testResult(output)}`,
    '',
    `**In \`${folder}/\`**`,
    '',
    ...files.map((path) => `- \`${path}\``),
    '',
    `**To try it**: ${project.use}`,
    '',
    SCRIPTED,
  ].join('\n');
}

const within = (folder: string, files: Map<string, string>) =>
  [...files].map(([path, text]): [string, string] => [`${folder}/${path}`, text]);

/** @param listing lines of `ls -F` */
function freeFolder(name: string, listing: string[]): string {
  const taken = new Set(listing.map((entry) => entry.replace(/[/*@|=]$/, '')));
  for (let n = 1; ; n += 1) {
    const folder = n === 1 ? name : `${name}-${n}`;
    if (!taken.has(folder)) return folder;
  }
}
