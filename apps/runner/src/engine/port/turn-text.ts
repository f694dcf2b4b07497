import type { PromptRun } from './engine.js';

/*
 * What the agent is given as the text of a turn: the prompt, and before it what the platform has to say. People see the prompt
 * alone.
 */

const BEGIN = '<note_from_the_platform>\n';
const END = '\n</note_from_the_platform>\n\n';

export const turnText = ({ note, input }: Pick<PromptRun, 'note' | 'input'>): string =>
  note === null ? input.prompt : `${BEGIN}${note.replaceAll('</note', '')}${END}${input.prompt}`;

/** The prompt of such a text. */
export function promptOfTurn(text: string): string {
  const end = text.startsWith(BEGIN) ? text.indexOf(END) : -1;
  return end < 0 ? text : text.slice(end + END.length);
}
