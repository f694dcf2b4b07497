import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES: Record<number, string> = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' };
const UNESCAPES = new Map(Object.entries(ESCAPES).map(([byte, letter]) => [letter, Number(byte)]));

/**
 * A path for people and for JSON. A path that is not UTF-8 is written as git writes it, in quotes and with octal
 * bytes. So is a path that starts with a quote. That way every path has one text, and no two paths share one.
 */
export const pathText = (name: Buffer): string =>
  isUtf8(name) && name[0] !== QUOTE ? name.toString('utf8') : quoted(name);

/**
 * The path that has this text.
 * @returns null: no path has it
 */
export function pathOfText(text: string): Buffer | null {
  const path = text.startsWith('"') ? unquoted(text) : Buffer.from(text);
  return pathText(path) === text ? path : null;
}

function unquoted(text: string): Buffer {
  const escape = /\\(?:([0-7]{3})|(.))/g;
  const bytes = Buffer.from(text.slice(1, -1)).toString('latin1');
  const plain = bytes.replaceAll(escape, (_all, octalDigits: string | undefined, letter: string) =>
    octalDigits === undefined
      ? String.fromCharCode(UNESCAPES.get(letter) ?? letter.charCodeAt(0))
      : String.fromCharCode(Number.parseInt(octalDigits, 8)),
  );
  return Buffer.from(plain, 'latin1');
}

/** A path as git writes it in quotes. */
export function quoted(name: Buffer): string {
  const wellFormed = isUtf8(name);
  const parts = [...name].map((byte) => {
    if (byte === QUOTE || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`;
    if (byte < 0x20 || byte === 0x7f) return `\\${ESCAPES[byte] ?? octal(byte)}`;
    return byte < 0x80 || wellFormed ? String.fromCharCode(byte) : `\\${octal(byte)}`;
  });
  const text = parts.join('');
  return `"${wellFormed ? Buffer.from(text, 'latin1').toString('utf8') : text}"`;
}

const octal = (byte: number) => byte.toString(8).padStart(3, '0');
