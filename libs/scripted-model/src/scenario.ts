import { z } from 'zod';
import { type Script, Step } from './script.js';
import { printedBy, type Turn } from './turn.js';

/**
 * A turn as data. Texts of a step may contain `{{prompt}}`, `{{prompt_count}}`, `{{prompts}}` (all prompts of the thread,
 * numbered, one per line) and `{{output}}` (the output of the last command).
 */
export const Scenario = z.strictObject({
  name: z.string(),
  /** A text that the prompt contains, or a regular expression; default: any prompt. The first matching scenario is played. */
  match: z.union([z.string(), z.strictObject({ regex: z.string() })]).optional(),
  steps: z.array(Step),
});
export type Scenario = z.infer<typeof Scenario>;
export type ScenarioInput = z.input<typeof Scenario>;
export const Scenarios = z.array(Scenario);

/** Returns a script that plays the scenario which matches the prompt. If none does, the model says so. */
export function scriptOfScenarios(scenarios: Scenario[]): Script {
  return function* (turn) {
    const prompt = turn.prompts.at(-1) ?? '';
    const scenario = scenarios.find(({ match }) => matches(match, prompt));
    const steps = scenario?.steps ?? [{ do: 'message' as const, text: `No scenario matches: ${prompt}` }];
    let printed = '';
    for (const step of steps) {
      const output = yield interpolate(step, turn, printed);
      if (step.do === 'command') printed = printedBy(output);
    }
  };
}

const matches = (match: Scenario['match'], prompt: string) => {
  if (match === undefined) return true;
  return typeof match === 'string' ? prompt.includes(match) : new RegExp(match.regex).test(prompt);
};

function interpolate(step: Step, { prompts }: Turn, printed: string): Step {
  const values: Record<string, string> = {
    prompt: prompts.at(-1) ?? '',
    prompt_count: String(prompts.length),
    prompts: prompts.map((prompt, index) => `${index + 1}. ${prompt}`).join('\n'),
    output: printed,
  };
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replace(/\{\{(\w+)\}\}/g, (all, name: string) => values[name] ?? all);
    if (Array.isArray(value)) return value.map(fill);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  return Step.parse(fill(step));
}
