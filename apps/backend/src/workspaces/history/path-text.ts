import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NAMED: Record<number, string> = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' };

/**
 * A path for people and for JSON: itself. One that is not UTF-8 is written as git does, in quotes and with octal
 * bytes, and so is one that starts with a quote: every path has one text, and no two paths have the same.
 */
export const pathText = (name: Buffer): string =>
  isUtf8(name) && name[0] !== QUOTE ? name.toString('utf8') : quoted(name);

/** A path in the head of a patch, where git quotes control characters, quotes and backslashes too. */
export function patchPath(prefix: 'a/' | 'b/', name: Buffer): string {
  const path = Buffer.concat([Buffer.from(prefix), name]);
  return isUtf8(path) && !path.some(needsQuotes) ? path.toString('utf8') : quoted(path);
}

const needsQuotes = (byte: number) => byte < 0x20 || byte === 0x7f || byte === QUOTE || byte === BACKSLASH;

function quoted(name: Buffer): string {
  const wellFormed = isUtf8(name);
  const parts = [...name].map((byte) => {
    if (byte === QUOTE || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`;
    if (byte < 0x20 || byte === 0x7f) return `\\${NAMED[byte] ?? octal(byte)}`;
    return byte < 0x80 || wellFormed ? String.fromCharCode(byte) : `\\${octal(byte)}`;
  });
  const text = parts.join('');
  return `"${wellFormed ? Buffer.from(text, 'latin1').toString('utf8') : text}"`;
}

const octal = (byte: number) => byte.toString(8).padStart(3, '0');
