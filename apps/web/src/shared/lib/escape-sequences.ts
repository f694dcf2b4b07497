/*
 * Terminal control sequences (ECMA-48), each with its 7-bit form (ESC and a character) and its 8-bit form (one C1
 * character):
 *
 *     string   OSC, DCS, APC, PM, SOS: everything up to the terminator, or up to the end of the line if there is none
 *     CSI      colours, cursor movements, the marks of a bracketed paste
 *     escape   ESC and the characters that belong to it
 *     control  any other control character but tab and line feed
 *
 * One expression matches all of them, so a single pass leaves no ESC behind and removing one sequence cannot put
 * another one together.
 */
const CONTENT = String.raw`(?:(?!\p{Cc})[^]|[\t\n\r])*`;
const LINE = String.raw`(?:(?!\p{Cc})[^]|\t)*`;
const STRING_START = String.raw`(?:\x1b[PX^_\]]|[\x90\x98\x9d-\x9f])`;
const SEQUENCE = new RegExp(
  [
    String.raw`${STRING_START}${CONTENT}(?:\x07|\x1b\\|\x9c)`,
    String.raw`${STRING_START}${LINE}`,
    String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?`,
    String.raw`\x1b[ -/]*[0-~]?`,
    String.raw`(?![\t\n])\p{Cc}`,
  ].join('|'),
  'gu',
);
const COLOUR = new RegExp(String.raw`^(?:\x1b\[|\x9b)([0-9;]*)m$`);

/** Text as a person sees it: only printable characters, tabs and line feeds. */
export const withoutEscapes = (text: string): string => text.replace(SEQUENCE, '');

/** Removes all but the colours, which are `ESC[…m`, and carriage returns, which overwrite a line. */
export const onlyColours = (text: string): string =>
  text.replace(SEQUENCE, (sequence) => {
    if (sequence === '\r') return sequence;
    const colour = COLOUR.exec(sequence);
    return colour ? `\u001b[${colour[1]}m` : '';
  });
