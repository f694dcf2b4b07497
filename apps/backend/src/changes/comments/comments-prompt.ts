import type { CommentPlace } from '@saas-codex/contracts/comments';
import { MAX_PROMPT_LENGTH } from '@saas-codex/contracts/runs';
import type { CommentEntity } from './comment.entity.js';

/** Of the code of one comment. The agent has the file. */
const MAX_LINES = 30;
const MAX_CHARS = 2_000;
const INTRODUCTION = 'Address these review comments on your changes:';

interface CommentsPrompt {
  text: string;
  /** Those that it holds: as many as fit. */
  comments: CommentEntity[];
}

/**
 * The prompt that asks for work on comments, in the order of files and lines.
 * @param places where their lines are now, by id; null: they are gone; undefined: it is not known
 */
export function commentsPrompt(
  comments: readonly CommentEntity[],
  places: ReadonlyMap<string, CommentPlace | null>,
): CommentsPrompt {
  const inOrder = comments.toSorted(
    (a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)) || a.firstLine - b.firstLine,
  );
  const prompt: CommentsPrompt = { text: INTRODUCTION, comments: [] };
  for (const comment of inOrder) {
    const part = `\n\n${prompt.comments.length + 1}. ${partOf(comment, places.get(comment.id))}`;
    if (prompt.text.length + part.length > MAX_PROMPT_LENGTH) break;
    prompt.text += part;
    prompt.comments.push(comment);
  }
  return prompt;
}

function partOf(comment: CommentEntity, place: CommentPlace | null | undefined): string {
  const { code, text } = comment;
  const fence = '`'.repeat(
    Math.max(3, ...(code.join('\n').match(/`+/g) ?? []).map(({ length }) => length + 1)),
  );
  return [headOf(comment, place), `${fence}\n${excerpt(code)}\n${fence}`, text].join('\n');
}

function headOf(
  { path, firstLine, code, side }: CommentEntity,
  place: CommentPlace | null | undefined,
): string {
  const at = (file: string, first: number, last: number) =>
    `\`${file}\`, ${first === last ? `line ${first}` : `lines ${first} to ${last}`}`;
  const then = at(path, firstLine, firstLine + code.length - 1);
  if (side === 'old') return `${then} before the change, which removed:`;
  if (place === undefined) return `${then}:`;
  if (place === null) return `${then} at the time of the comment. The code has changed since; it was:`;
  return `${at(place.path, place.first_line, place.last_line)}:`;
}

function excerpt(code: readonly string[]): string {
  const shown = code.slice(0, MAX_LINES).join('\n').slice(0, MAX_CHARS);
  return shown.length < code.join('\n').length ? `${shown}\n…` : shown;
}
