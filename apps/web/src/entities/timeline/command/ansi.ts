import Anser from 'anser';
import { onlyColours } from '../../../shared/lib/escape-sequences.js';

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

const COLOURS = new RegExp(String.raw`\x1b\[[0-9;]*m`, 'g');

/**
 * Terminal output as lines of styled spans. Text that was overwritten after a carriage return is dropped, as on a
 * terminal.
 */
export function ansiLines(output: string): AnsiLine[] {
  let line: AnsiSpan[] = [];
  const lines = [line];
  for (const entry of Anser.ansiToJson(overwrite(onlyColours(output)), {
    json: true,
    use_classes: true,
    remove_empty: true,
  })) {
    for (const [index, text] of entry.content.split('\n').entries()) {
      if (index > 0) lines.push((line = []));
      if (text) line.push(toSpan(text, entry));
    }
  }
  if (line.length === 0) lines.pop();
  return lines;
}

/** What `ansiLines` shows, for the clipboard. */
export const plainText = (output: string): string =>
  ansiLines(output)
    .map((line) => line.map(({ text }) => text).join(''))
    .join('\n');

const overwrite = (text: string): string =>
  text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => (line.includes('\r') ? lastWritten(line) : line))
    .join('\n');

/** A progress bar rewrites its line. The last part with any text is what a terminal shows. */
const lastWritten = (line: string): string =>
  line.split('\r').findLast((part) => part.replace(COLOURS, '') !== '') ?? '';

function toSpan(
  text: string,
  { fg, bg, fg_truecolor, bg_truecolor, decorations }: Anser.AnserJsonEntry,
): AnsiSpan {
  const color = directColour(fg, fg_truecolor);
  const background = directColour(bg, bg_truecolor);
  const classes = [
    !color && fg && `${fg}-fg`,
    !background && bg && `${bg}-bg`,
    // Concealed text is shown: whoever copies the output should see all of it.
    ...decorations.filter((d) => d !== 'hidden').map((d) => `ansi-${d}`),
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
