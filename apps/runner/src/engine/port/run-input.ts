/** What a run is given to work on. */
export type RunInput = PromptInput | SetupInput;

export interface PromptInput {
  kind: 'prompt';
  prompt: string;
}

export interface SetupInput {
  kind: 'setup';
  /** For bash. */
  script: string;
}

/** The input as the event `run.started` has it. */
export const textOf = (input: RunInput): string => (input.kind === 'setup' ? input.script : input.prompt);
