/** What a run is given to work on. */
export type RunInput =
  | { kind: 'prompt'; prompt: string }
  /** `script` is for bash. */
  | { kind: 'setup'; script: string };

/** @param text the prompt, or the script of a setup */
export const inputFromText = (kind: RunInput['kind'], text: string): RunInput =>
  kind === 'setup' ? { kind, script: text } : { kind, prompt: text };

/** The prompt, or the script of a setup. */
export const textOfInput = (input: RunInput): string =>
  input.kind === 'setup' ? input.script : input.prompt;
