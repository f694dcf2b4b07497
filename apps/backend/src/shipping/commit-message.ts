import { titleFromPrompt } from '../sessions/session-title.js';
import type { CommitPerson } from '../workspaces/history/history.js';

/** How Codex itself signs the commits that it helps with. */
const CODEX: CommitPerson = { name: 'Codex', email: 'noreply@openai.com' };
const TRAILER = /^[A-Za-z][A-Za-z0-9-]*: \S/;

/** The message of a commit that one prompt has led to: its first words, then all of it if those are not all. */
export function messageOfPrompt(prompt: string): string {
  const text = plainText(prompt).trim();
  const subject = titleFromPrompt(text) || 'Change files';
  return text === subject ? subject : `${subject}\n\n${text}`;
}

/** Adds a `Co-authored-by` line for Codex, and for each of the people, unless the message has it already. */
export function withCoAuthors(message: string, people: readonly CommitPerson[]): string {
  const text = plainText(message).trimEnd();
  const missing = [...people, CODEX]
    .map(({ name, email }) => `Co-authored-by: ${oneLine(name)} <${oneLine(email)}>`)
    .filter((line, index, lines) => lines.indexOf(line) === index && !text.includes(line));
  if (missing.length === 0) return text;
  const lastParagraph =
    text
      .split(/\n\s*\n/)
      .slice(1)
      .at(-1) ?? '';
  const hasTrailers = lastParagraph !== '' && lastParagraph.split('\n').every((line) => TRAILER.test(line));
  return `${text}${hasTrailers ? '\n' : '\n\n'}${missing.join('\n')}`;
}

/** Lines that end in LF, without what a terminal would obey. Tabs stay. */
const plainText = (text: string) => text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]/gu, '');
const oneLine = (text: string) => text.replace(/[\p{Cc}<>]/gu, ' ').trim();
