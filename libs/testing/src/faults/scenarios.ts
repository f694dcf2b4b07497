import type { ScenarioInput } from '@saas-codex/scripted-model/scenario';

/** How many runs can wait, each at its own gate. */
export const GATES = 40;

/** Leaves a line in the repository, so a turn that ran twice leaves two. */
const trace = { do: 'command' as const, cmd: 'echo "{{prompt}}" >> turns.txt' };
const message = (text: string, chunkMs = 0) => ({ do: 'message' as const, text, chunkMs });
const scenario = (match: string, ...steps: ScenarioInput['steps']): ScenarioInput => ({
  name: match,
  match: { regex: `^${match} ` },
  steps,
});

/**
 * What the scripted model does, chosen by the first word of a prompt. Every prompt is unique, so that a prompt's requests
 * to the model can be counted.
 */
export const SCENARIOS: ScenarioInput[] = [
  scenario('Quick', message('Done.')),
  scenario('Work', trace, message('Done.')),
  scenario('Talk', trace, message('word '.repeat(60), 25), message('Done.')),
  // For messages at any moment: in a command, and while the last message grows.
  scenario('Steer', { do: 'command', cmd: 'sleep 0.3' }, message('word '.repeat(15), 20)),
  scenario('Also', message('word '.repeat(5), 20)),
  scenario('Endless', trace, { do: 'endless', everyMs: 50 }),
  // More than the sockets between the model and the client can buffer.
  scenario('Huge', trace, { do: 'huge', chars: 12_000_000 }),
  ...Array.from({ length: GATES }, (_, gate) =>
    scenario(
      `Hold ${gate}`,
      trace,
      message('Waiting now.'),
      { do: 'gate', name: `gate-${gate}` },
      message('Went on.'),
    ),
  ),
];
