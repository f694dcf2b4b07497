import type { Step, StepOf } from '../script.js';
import { printedBy, type Turn } from '../turn.js';

/** How long the demo model "thinks" before it acts. */
export const THINK: Step = { do: 'pause', ms: 500 };

/** The last line of every answer. */
export const SCRIPTED =
  '> This answer is **scripted, not an AI**. Set `CODEX_API_KEY` or `CODEX_BASE_URL` for a real one.';

export const command = (cmd: string): StepOf<'command'> => ({ do: 'command', cmd });

/** @param output of a command */
export const lines = (output: string): string[] =>
  printedBy(output)
    .split('\n')
    .filter((line) => line.trim() !== '');

/** Lists the files of the repository, those that are not committed included. */
export const FILES = 'git ls-files -co --exclude-standard';
/** Matches paths that need no quotes in a command. */
export const SAFE_PATH = /^(?!-)[\w./@+-]+$/;

/** The plan with its first `done` steps completed. Yields nothing if Codex accepts no plans. */
export function* plan({ canPlan }: Turn, steps: string[], done: number): Generator<Step, void, string> {
  if (!canPlan) return;
  yield {
    do: 'plan',
    items: steps.map((step, index) => ({
      step,
      status: index < done ? 'completed' : index === done ? 'in_progress' : 'pending',
    })),
  };
}

/** Returns a patch for Codex's apply_patch that adds files. @param files texts by path */
export const addFilesPatch = (files: Iterable<[path: string, text: string]>): string =>
  [
    '*** Begin Patch',
    ...[...files].flatMap(([path, text]) => [
      `*** Add File: ${path}`,
      ...text.split('\n').map((line) => `+${line}`),
    ]),
    '*** End Patch',
  ].join('\n');

/** @param output of Node's test runner */
export function testResult(output: string): string {
  const count = (what: string) => Number(new RegExp(`\\b${what} (\\d+)`).exec(output)?.[1] ?? NaN);
  const [passed, failed] = [count('pass'), count('fail')];
  if (Number.isNaN(passed)) return 'Its tests could not be run here: they need Node 20.';
  return failed === 0 ? `All ${passed} tests pass.` : `${failed} of its tests fail.`;
}
