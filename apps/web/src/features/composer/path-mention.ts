/** A path that is being typed after an `@`. */
export interface PathMention {
  /** Where the `@` is. */
  readonly start: number;
  /** Where the caret is. */
  readonly end: number;
  /** What stands between them. */
  readonly query: string;
}

/** `@` at the beginning of a word, so that it is no address of somebody. */
const MENTION = /(?:^|[\s("'`[])@([^\s@]*)$/;

/** @returns null when the caret is not behind a mention */
export function mentionAt(text: string, caret: number): PathMention | null {
  const query = MENTION.exec(text.slice(0, caret))?.[1];
  return query === undefined ? null : { start: caret - query.length - 1, end: caret, query };
}

/** The text with the path in place of the mention, and where the caret is then. */
export function completeMention(text: string, { start, end }: PathMention, path: string) {
  const written = /\s/.test(path) && !path.startsWith('"') ? `"${path}"` : path;
  const rest = text.slice(end);
  const space = /^\s/.test(rest) ? '' : ' ';
  return { text: `${text.slice(0, start)}${written}${space}${rest}`, caret: start + written.length + 1 };
}
