import type { Step } from '../script.js';
import { printedBy, type Turn } from '../turn.js';
import { answerText, NO_COMMITS, openingText, surveyText } from './demo-answer.js';
import { freeName, headingOf, type Note, noteText, slugOf } from './demo-note.js';
import { addFilesPatch, command, lines, plan, THINK } from './steps.js';

const PLAN = ['Look around the repository', 'Write a note about the prompt', 'Check the result'];

/** Looks around the repository, writes a note that quotes the prompt, and checks it. It works for every prompt. */
export function* writeNote(turn: Turn): Generator<Step, void, string> {
  yield THINK;
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
  const patched = yield { do: 'patch', patch: addFilesPatch([[note.path, noteText(note)]]) };
  yield* plan(turn, PLAN, 2);
  const check = printedBy(yield command(`wc -l ${note.path} && git status --short`));
  yield* plan(turn, PLAN, 3);
  yield THINK;
  yield {
    do: 'message',
    text: answerText({ listing, history, readme, note, written: patched.includes('Success'), check }),
  };
}
