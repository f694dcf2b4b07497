/*
 * The demo model builds what the web app suggests for an empty repository (recipes/). For every other prompt it looks around
 * the repository, writes a small note that quotes the prompt, checks it, and says what it did and that it is not an AI. It uses only the prompts of the thread and the output of its own commands, so it works in any
 * repository, even an empty one, and remembers earlier prompts.
 */
import { randomBytes } from 'node:crypto';
import { listenOnPort, modelHandler } from '../model-server.js';
import type { Script, Step, StepOf } from '../script.js';
import { printedBy, type Turn } from '../turn.js';
import { build } from './demo-build.js';
import { addFilesPatch, freeName, headingOf, type Note, noteText, slugOf } from './demo-note.js';
import { answerText, NO_COMMITS, openingText, surveyText } from './demo-answer.js';
import { recipeFor } from './recipes/recipes.js';

/** How long the demo model "thinks" before it acts. */
const THINK_MS = 500;

/** Starts the demo model on a loopback port. Only a caller with its key may use it. */
export async function startDemoModel({ pace = 1 }: { pace?: number | undefined }) {
  const apiKey = randomBytes(32).toString('base64url');
  const { origin, close } = await listenOnPort(modelHandler({ script: demoScript, pace, apiKey }));
  return { baseUrl: `${origin}/v1`, apiKey, close };
}

const demoScript: Script = function* (turn) {
  yield { do: 'pause', ms: THINK_MS };
  const recipe = recipeFor(turn.prompts.at(-1) ?? '');
  if (recipe) return yield* build(turn, recipe, plan);
  yield { do: 'reasoning', text: openingText(turn.prompts) };
  yield* plan(turn, PLAN, 0);

  const listing = lines(yield command('ls -F'));
  const history = lines(yield command(`git log --oneline -n 8 2>/dev/null || echo '${NO_COMMITS}'`));
  const readme = listing.find((name) => /^readme(\.(md|txt|rst))?$/i.test(name));
  if (readme) yield command(`head -n 20 ${readme}`);
  const folder = listing.includes('notes') ? 'codex-notes' : 'notes';
  const taken = lines(yield command(`ls ${folder} 2>/dev/null || echo 'There is no ${folder} folder yet'`));

  const prompt = turn.prompts.at(-1) ?? '';
  const note: Note = {
    path: `${folder}/${freeName(slugOf(prompt), taken)}`,
    heading: headingOf(prompt),
    prompt,
    earlier: turn.prompts.slice(0, -1),
  };
  yield { do: 'message', text: surveyText({ listing, history, readme, note }) };
  yield* plan(turn, PLAN, 1);
  const patched = yield { do: 'patch', patch: addFilesPatch({ [note.path]: noteText(note) }) };
  yield* plan(turn, PLAN, 2);
  const check = printedBy(yield command(`wc -l ${note.path} && git status --short`));
  yield* plan(turn, PLAN, 3);
  yield { do: 'pause', ms: THINK_MS };
  yield {
    do: 'message',
    text: answerText({ listing, history, readme, note, written: patched.includes('Success'), check }),
  };
};

const command = (cmd: string): StepOf<'command'> => ({ do: 'command', cmd });

const lines = (output: string): string[] =>
  printedBy(output)
    .split('\n')
    .filter((line) => line.trim() !== '');

const PLAN = ['Look around the repository', 'Write a note about the prompt', 'Check the result'];

/** The plan with its first `done` steps completed. Yields nothing if Codex accepts no plans. */
function* plan({ canPlan }: Turn, steps: string[], done: number): Generator<Step, void, string> {
  if (!canPlan) return;
  yield {
    do: 'plan',
    items: steps.map((step, index) => ({
      step,
      status: index < done ? 'completed' : index === done ? 'in_progress' : 'pending',
    })),
  };
}
