import { type CommitMessage, MAX_COMMIT_MESSAGE, MAX_COMMIT_SUBJECT } from '@saas-codex/contracts/shipping';
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

/**
 * A message that Codex proposes: its text may come from the repository. Who has helped, signed or reviewed is for people to say, so
 * no trailers are left; nothing in it can hide from its reader. null: nothing is left of it
 */
export function proposedMessage(text: string): CommitMessage | null {
  const visible = plainText(text)
    .replace(/\p{Bidi_Control}/gu, '')
    .slice(0, MAX_COMMIT_MESSAGE / 2)
    .trim();
  const [first = '', ...rest] = visible.split('\n');
  const whole = first.trim();
  const subject = whole.length > MAX_COMMIT_SUBJECT ? shortened(whole) : whole;
  const body = withoutTrailers([...(subject === whole ? [] : [whole, '']), ...rest].join('\n'));
  return whole === '' || isSigned(whole) ? null : { subject, body };
}

/** The message of a commit that Codex itself has made, as text like any other that it writes. */
export const messageOfAgent = (text: string): CommitMessage =>
  proposedMessage(text) ?? { subject: 'Change files', body: '' };

/** Also those that git would not take for trailers, since people and hosts would. */
function withoutTrailers(body: string): string {
  const paragraphs = body
    .split(/\n\s*\n/)
    .map((paragraph) =>
      paragraph
        .split('\n')
        .filter((line) => !isSigned(line))
        .join('\n')
        .trimEnd(),
    )
    .filter((paragraph) => paragraph.trim() !== '');
  while (
    paragraphs
      .at(-1)
      ?.split('\n')
      .every((line) => TRAILER.test(line.trim()))
  )
    paragraphs.pop();
  return paragraphs.join('\n\n').trim();
}

const isSigned = (line: string): boolean => /^\s*[a-z][a-z-]*-by\s*:/i.test(line);

function shortened(line: string): string {
  const start = line.slice(0, MAX_COMMIT_SUBJECT - 1);
  return `${start.slice(0, Math.max(start.lastIndexOf(' '), MAX_COMMIT_SUBJECT / 2)).trimEnd()}…`;
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
