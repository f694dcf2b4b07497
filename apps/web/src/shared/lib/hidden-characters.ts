/*
 * Characters that cannot be seen, or that change the order in which others are shown. In code, a name or a command they
 * make text look like another one ("Trojan Source"), so wherever text comes from an agent or a repository, they are shown
 * as their code point: ⟨U+202E⟩.
 */
const HIDDEN_CLASS = [
  // Control characters, except tab and line ends.
  '\\0-\\u{8}\\u{b}\\u{c}\\u{e}-\\u{1f}\\u{7f}-\\u{9f}',
  // Characters without width, and fillers.
  '\\u{ad}\\u{34f}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}\\u{180e}\\u{200b}\\u{2028}\\u{2029}\\u{3164}\\u{feff}\\u{ffa0}',
  // What sets the direction of text, and other format characters.
  '\\u{61c}\\u{200e}\\u{200f}\\u{202a}-\\u{202e}\\u{2060}-\\u{206f}\\u{fff9}-\\u{fffb}\\u{e0000}-\\u{e007f}',
].join('');
/** Joiners are part of emoji and of many scripts, so they count as hidden only after ASCII or at the start. */
const HIDDEN_JOINER = '(?<![^\\0-\\u{7f}])[\\u{200c}\\u{200d}]';
const HIDDEN = new RegExp(`[${HIDDEN_CLASS}]|${HIDDEN_JOINER}`, 'gu');

const MARKED = /⟨U\+[0-9A-F]{4,6}⟩/g;

const NAMES: Record<string, string> = {
  '200E': 'left-to-right mark',
  '200F': 'right-to-left mark',
  '061C': 'Arabic letter mark',
  '202A': 'left-to-right embedding',
  '202B': 'right-to-left embedding',
  '202C': 'end of embedding',
  '202D': 'left-to-right override',
  '202E': 'right-to-left override',
  '2066': 'left-to-right isolate',
  '2067': 'right-to-left isolate',
  '2068': 'first strong isolate',
  '2069': 'end of isolate',
  '200B': 'zero width space',
  '00AD': 'soft hyphen',
  FEFF: 'byte order mark',
  '001B': 'escape',
};

const mark = (character: string): string =>
  `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;

/** The text with a visible mark in place of each hidden character. Line ends and tabs stay. */
export const withMarks = (text: string): string => text.replace(HIDDEN, mark);

/** Parts of a text that `withMarks` returned. Each has the marks' text, and what it means if it is a mark. */
export function splitAtMarks(text: string): { text: string; meaning: string | null }[] {
  const parts: { text: string; meaning: string | null }[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(MARKED)) {
    if (index > end) parts.push({ text: text.slice(end, index), meaning: null });
    parts.push({ text: found, meaning: meaningOf(found.slice(3, -1)) });
    end = index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), meaning: null });
  return parts;
}

const meaningOf = (code: string) => `Hidden character ${NAMES[code] ?? `U+${code}`}`;
