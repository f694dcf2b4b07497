import type { ScenarioInput } from '@saas-codex/scripted-model/scenario';

/** How many runs can be held at gates of their own. */
export const GATES = 40;

/** A second turn would leave a second line in the repository. */
const trace = { do: 'command' as const, cmd: 'echo "{{prompt}}" >> turns.txt' };
const message = (text: string, chunkMs = 0) => ({ do: 'message' as const, text, chunkMs });
const scenario = (match: string, ...steps: ScenarioInput['steps']): ScenarioInput => ({
  name: match,
  match: { regex: `^${match} ` },
  steps,
});

/**
 * What the scripted model does, chosen by a prompt's first words. Every prompt is a text of its own, so that the model's
 * requests can be counted by it.
 */
export const SCENARIOS: ScenarioInput[] = [
  scenario('Quick', message('Done.')),
  scenario('Work', trace, message('Done.')),
  scenario('Talk', trace, message('word '.repeat(60), 25), message('Done.')),
  scenario('Endless', trace, { do: 'endless', everyMs: 50 }),
  // More than the sockets on its way can hold.
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
