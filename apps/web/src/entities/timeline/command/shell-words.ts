/** A word without its quotes, or an operator between commands. */
export type ShellToken = { kind: 'word'; text: string } | { kind: 'operator'; text: string };

const OPERATOR = /^(?:&&|\|\||<<-?|>>|[|;&<>()\n])/;

/** The shell puts something else in place of it: a variable, the output of a command, arithmetic, `$'…'`. */
const EXPANSION = /^(?:`|\$[\w({[@*#?$!'"-])/;
/** A word that begins so can become an option, from the name of a file or from the list in the braces. */
const UNKNOWN_START = /^[*?[{]/;

/**
 * Splits a shell line into words and operators, as far as describing a command needs it. Returns null for a line whose
 * words cannot be known: an open quote, a variable, a command substitution, a word that begins with a pattern.
 */
export function shellTokens(line: string): ShellToken[] | null {
  const tokens: ShellToken[] = [];
  let word: string | null = null;
  const endWord = () => {
    if (word !== null) tokens.push({ kind: 'word', text: word });
    word = null;
  };
  for (let at = 0; at < line.length;) {
    const rest = line.slice(at);
    const operator = OPERATOR.exec(rest)?.[0];
    const quoted = readQuoted(rest);
    if (quoted === null) return null;
    if (!quoted && (EXPANSION.test(rest) || (word === null && UNKNOWN_START.test(rest)))) return null;
    if (quoted) {
      word = (word ?? '') + quoted.text;
      at += quoted.length;
    } else if (operator) {
      endWord();
      tokens.push({ kind: 'operator', text: operator });
      at += operator.length;
    } else if (/^\s/.test(rest)) {
      endWord();
      at += 1;
    } else {
      word = (word ?? '') + rest.charAt(0);
      at += 1;
    }
  }
  endWord();
  return tokens;
}

/** The quoted or escaped text at the start of `rest`; undefined: none; null: it expands, or its end is missing. */
function readQuoted(rest: string): { text: string; length: number } | null | undefined {
  if (rest[0] === '\\') return rest.length > 1 ? { text: rest.charAt(1), length: 2 } : null;
  if (rest[0] === "'") {
    const end = rest.indexOf("'", 1);
    return end < 0 ? null : { text: rest.slice(1, end), length: end + 1 };
  }
  if (rest[0] !== '"') return undefined;
  const match = /^"((?:[^"\\]|\\[^])*)"/.exec(rest);
  const inner = match?.[1];
  if (!match || inner === undefined || hasExpansion(inner)) return null;
  return { text: inner.replace(/\\(["\\$`\n])/g, '$1'), length: match[0].length };
}

/** Whether text in double quotes holds an expansion that no backslash prevents. */
const hasExpansion = (text: string): boolean =>
  [...text.replace(/\\[^]/g, '  ').matchAll(/[`$]/g)].some(({ index }) => EXPANSION.test(text.slice(index)));
