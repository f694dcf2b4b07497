/**
 * The demo model's turn: looks round the repository, writes a small note that quotes the prompt, checks it, and says
 * what it did and that it is no AI. Everything comes from the prompts of the thread and from what its own commands
 * printed, so that it works in any repository, an empty one too, and remembers what was asked before.
 */
import type { Script } from '../script.js';
import type { Step, StepOf } from '../steps.js';
import { printedBy, type Turn } from '../turn.js';
import { addFilePatch, freeName, headingOf, type Note, noteText, slugOf } from './demo-note.js';
import { answerText, NO_COMMITS, openingText, surveyText } from './demo-answer.js';

/** How long the demo "thinks" before it acts. */
const THINK_MS = 500;

export const demoScript: Script = function* (turn) {
  yield { do: 'pause', ms: THINK_MS };
  yield { do: 'reasoning', text: openingText(turn.prompts) };
  yield* plan(turn, 0);

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
  yield* plan(turn, 1);
  const patched = yield { do: 'patch', patch: addFilePatch(note.path, noteText(note)) };
  yield* plan(turn, 2);
  const check = printedBy(yield command(`wc -l ${note.path} && git status --short`));
  yield* plan(turn, 3);
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

const PLAN = ['Look round the repository', 'Write a note about the prompt', 'Check the result'];

/** The plan with its first `done` steps ticked off; nothing where Codex takes no plans. */
function* plan({ canPlan }: Turn, done: number): Generator<Step, void, string> {
  if (!canPlan) return;
  yield {
    do: 'plan',
    items: PLAN.map((step, index) => ({
      step,
      status: index < done ? 'completed' : index === done ? 'in_progress' : 'pending',
    })),
  };
}
