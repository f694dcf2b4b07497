/** A word without its quotes, or an operator between commands. */
export type ShellToken = { kind: 'word'; text: string } | { kind: 'operator'; text: string };

const OPERATOR = /^(?:&&|\|\||<<-?|>>|[|;&<>()\n])/;

/**
 * Splits a shell line into words and operators, as far as describing a command needs it. Returns null for a line that
 * it cannot read (an open quote).
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

/** The quoted or escaped text at the start of `rest`; undefined: none; null: its end is missing. */
function readQuoted(rest: string): { text: string; length: number } | null | undefined {
  if (rest[0] === '\\') return rest.length > 1 ? { text: rest.charAt(1), length: 2 } : null;
  if (rest[0] === "'") {
    const end = rest.indexOf("'", 1);
    return end < 0 ? null : { text: rest.slice(1, end), length: end + 1 };
  }
  if (rest[0] !== '"') return undefined;
  const match = /^"((?:[^"\\]|\\[^])*)"/.exec(rest);
  return match?.[1] !== undefined
    ? { text: match[1].replace(/\\(["\\$`\n])/g, '$1'), length: match[0].length }
    : null;
}
