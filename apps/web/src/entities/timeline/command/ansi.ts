import Anser from 'anser';

/** A stretch of terminal text in one style. */
interface AnsiSpan {
  readonly text: string;
  /** Class names, whose colours are in output.css. */
  readonly className: string;
  /** Colours without a class, as CSS: those of the 256-colour palette, and true colour. */
  readonly color?: string;
  readonly background?: string;
}

export type AnsiLine = readonly AnsiSpan[];

const ESCAPE = '\u001b';
/** Titles and links (OSC), then other sequences that are neither colours nor text: cursor movements, character sets. */
const OSC = new RegExp(`${ESCAPE}\\][^\\u0007${ESCAPE}]*(?:\\u0007|${ESCAPE}\\\\)?`, 'g');
const OTHER_ESCAPES = new RegExp(`${ESCAPE}(?:\\[[0-9;?]*[A-Za-ln-z@\`~]|[()][A-Z0-9]|[=>78cDEHM])`, 'g');
const COLOURS = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g');
/** Control characters without a meaning in a line, that is all but tab, line feed and escape. */
const LOST_CONTROLS = new RegExp(`(?![\\t\\n${ESCAPE}])\\p{Cc}`, 'gu');

/**
 * Terminal output as lines of styled spans. Text that was overwritten after a carriage return is dropped, as on a
 * terminal.
 */
export function ansiLines(output: string): AnsiLine[] {
  let line: AnsiSpan[] = [];
  const lines = [line];
  const clean = overwrite(output.replace(OSC, '').replace(OTHER_ESCAPES, '')).replace(LOST_CONTROLS, '');
  for (const entry of Anser.ansiToJson(clean, { json: true, use_classes: true, remove_empty: true })) {
    for (const [index, text] of entry.content.split('\n').entries()) {
      if (index > 0) lines.push((line = []));
      if (text) line.push(toSpan(text, entry));
    }
  }
  if (line.length === 0) lines.pop();
  return lines;
}

/** The text without styles, for the clipboard. */
export const plainText = (output: string): string =>
  overwrite(output.replace(OSC, '').replace(OTHER_ESCAPES, ''))
    .replace(COLOURS, '')
    .replace(LOST_CONTROLS, '');

const overwrite = (text: string): string =>
  text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => (line.includes('\r') ? lastWritten(line) : line))
    .join('\n');

/** A progress bar rewrites its line. The last part with any text is what a terminal shows. */
const lastWritten = (line: string): string => line.split('\r').findLast((part) => part !== '') ?? '';

function toSpan(
  text: string,
  { fg, bg, fg_truecolor, bg_truecolor, decorations }: Anser.AnserJsonEntry,
): AnsiSpan {
  const color = directColour(fg, fg_truecolor);
  const background = directColour(bg, bg_truecolor);
  const classes = [
    !color && fg && `${fg}-fg`,
    !background && bg && `${bg}-bg`,
    ...decorations.map((d) => `ansi-${d}`),
  ];
  return {
    text,
    className: classes.filter(Boolean).join(' '),
    ...(color && { color }),
    ...(background && { background }),
  };
}

/** Colours given as numbers: `ansi-truecolor` with `r, g, b`, or `ansi-palette-<n>` with n from 16 to 255. */
function directColour(name: string | null, truecolor: string | null): string | null {
  if (name === 'ansi-truecolor' && truecolor) return `rgb(${truecolor})`;
  const index = name?.startsWith('ansi-palette-') ? Number(name.slice('ansi-palette-'.length)) : 0;
  if (index >= 232)
    return `rgb(${Array(3)
      .fill((index - 232) * 10 + 8)
      .join(', ')})`;
  if (index < 16) return null;
  const level = (divisor: number) => [0, 95, 135, 175, 215, 255][Math.floor((index - 16) / divisor) % 6];
  return `rgb(${level(36)}, ${level(6)}, ${level(1)})`;
}
