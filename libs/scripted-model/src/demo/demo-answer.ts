import { headingOf, type Note } from './demo-note.js';
import { SCRIPTED } from './steps.js';

/** Printed instead of the history if there is none. */
export const NO_COMMITS = 'No commits yet';

/** What the demo model found in this turn, and the note that it writes. */
export interface Findings {
  /** Lines of `ls -F`. */
  listing: string[];
  /** Lines of `git log --oneline`. */
  history: string[];
  readme: string | undefined;
  note: Note;
}

export function openingText(prompts: string[]): string {
  const asked = `**Reading the prompt**\n\nThe prompt is "${headingOf(prompts.at(-1) ?? '')}".`;
  const before = prompts.at(-2);
  const memory = before === undefined ? '' : ` Before that, this session was asked "${headingOf(before)}".`;
  return `${asked}${memory} I will look at the repository first, then write down what was asked in a note.`;
}

export const surveyText = ({ listing, history, readme, note }: Findings): string =>
  `${overview(listing, history)}${readme ? ` I have read the beginning of \`${readme}\`.` : ''} Now I will add \`${note.path}\`.`;

export function answerText(found: Findings & { written: boolean; check: string }): string {
  const { note, written, check } = found;
  const lines = check.trim().split('\n').slice(0, 8).join('\n');
  return [
    written ? `I added a note about your prompt: \`${note.path}\`.` : `I could not write \`${note.path}\`.`,
    '',
    '**What I did**',
    '',
    `- Looked around: ${lowerFirst(overview(found.listing, found.history))}`,
    ...(found.readme ? [`- Read the beginning of \`${found.readme}\`.`] : []),
    ...(written ? [`- Wrote \`${note.path}\`, which quotes the prompt, with \`apply_patch\`.`] : []),
    '- Checked the result:',
    '',
    '```text',
    lines,
    '```',
    '',
    ...memory(note.earlier),
    SCRIPTED,
  ].join('\n');
}

function memory(earlier: string[]): string[] {
  const last = earlier.at(-1);
  if (last === undefined) return [];
  const count = earlier.length === 1 ? 'one prompt' : `${earlier.length} prompts`;
  return [`Before this you sent ${count} in this session; the last one was "${headingOf(last)}".`, ''];
}

function overview(listing: string[], history: string[]): string {
  const entries = listing.filter((name) => name !== '.git/' && name !== '.git');
  if (entries.length === 0) return 'The repository is empty so far.';
  const folders = entries.filter((name) => name.endsWith('/')).length;
  const size = `${count(entries.length - folders, 'file')} and ${count(folders, 'folder')}`;
  const last = history[0] ?? NO_COMMITS;
  const past = last === NO_COMMITS ? 'nothing is committed yet' : `the last commit is “${subject(last)}”`;
  return `The top level has ${size}, and ${past}.`;
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
/** A line of `git log --oneline` without the hash. */
const subject = (line: string) => line.replace(/^\S+\s+/, '');
const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
