import { isCall, type Step } from './steps.js';
import type { Turn } from './turn.js';

/**
 * What the model does in a turn, from its beginning. `yield` of a call gives what Codex answered to it:
 *
 *   const listing = yield { do: 'command', cmd: 'ls' };
 *
 * Codex asks anew after each call, and the model remembers nothing: the script is played from the beginning each time,
 * with the answers that the request contains. So it must depend on nothing but the turn.
 */
export type Script = (turn: Turn) => Generator<Step, void, string>;

export interface PlacedStep {
  step: Step;
  /** Position in the turn, from 0. */
  index: number;
}

/** The steps of this answer: what follows the calls that were answered already, up to the next call. */
export function stepsToPlay(script: Script, turn: Turn): PlacedStep[] {
  const story = script(turn);
  let answered = 0;
  let steps: PlacedStep[] = [];
  let output = '';
  for (let index = 0; ; index += 1) {
    const { value: step, done } = story.next(output);
    if (done) return steps;
    steps.push({ step, index });
    output = '';
    if (!isCall(step)) continue;
    if (answered === turn.outputs.length) return steps;
    output = turn.outputs[answered++] ?? '';
    steps = [];
  }
}
