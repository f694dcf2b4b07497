import { ansiLines, plainText } from '../../../../src/entities/timeline/command/ansi.js';

const E = '\u001b';
const texts = (output: string) => ansiLines(output).map((line) => line.map((span) => span.text).join(''));

describe('ansiLines', () => {
  it('splits coloured text into lines and keeps its colour', () => {
    expect(ansiLines(`${E}[31mred\nstill${E}[0m plain\n`)).toEqual([
      [{ text: 'red', className: 'ansi-red-fg' }],
      [
        { text: 'still', className: 'ansi-red-fg' },
        { text: ' plain', className: '' },
      ],
    ]);
  });

  it('has classes for decorations and bright colours', () => {
    expect(ansiLines(`${E}[1;92;41mok`)).toEqual([
      [{ text: 'ok', className: 'ansi-bright-green-fg ansi-red-bg ansi-bold' }],
    ]);
  });

  it.each([
    [`${E}[38;5;196mx`, { color: 'rgb(255, 0, 0)' }],
    [`${E}[38;5;244mx`, { color: 'rgb(128, 128, 128)' }],
    [`${E}[38;2;1;2;3mx`, { color: 'rgb(1, 2, 3)' }],
    [`${E}[48;5;21mx`, { background: 'rgb(0, 0, 255)' }],
  ])('%j has a colour of its own', (output, colour) => {
    expect(ansiLines(output)).toEqual([[{ text: 'x', className: '', ...colour }]]);
  });

  it('keeps the text after carriage returns, and empty lines', () => {
    expect(texts('10%\r50%\r100%\r\n\nend\r\n')).toEqual(['100%', '', 'end']);
  });

  it('drops titles, links, cursor movements and stray control characters', () => {
    const output = `${E}]0;title\u0007${E}[2K${E}[1Ga${E}]8;;http://x${E}\\link${E}]8;;${E}\\${E}[?25h\u0008\u0000b`;
    expect(texts(output)).toEqual(['alinkb']);
  });

  it('has no lines for no output', () => expect(ansiLines('')).toEqual([]));
});

describe('plainText', () => {
  it('is the readable text', () => expect(plainText(`${E}[1;31mred${E}[0m\r\nb\n`)).toBe('red\nb'));

  it.each([
    ['the end of a bracketed paste', `a${E}[201~b`],
    ['a paste mark that removing another sequence would put together', `a${E}[20${E}[=1~b`],
    ['nested halves of sequences', `a${E}${E}[0m[201~b${E}[2${E}[20${E}[201~1~1~`],
    ['a device control string', `a${E}P1$r0m;rm -rf /${E}\\b`],
    ['an application command', `a${E}_Gf=100;AAAA${E}\\b`],
    ['a privacy message and a start of string', `a${E}^secret${E}\\${E}Xsecret${E}\\b`],
    ['a title', `a${E}]0;title\u0007b`],
    ['a string that does not end', `a${E}Psecret\nb`],
    ['8-bit forms', 'a\u009b201~\u009d0;title\u009c\u0090q\u009cb'],
    ['private colours, modes and character sets', `a${E}[?25h${E}[>4;2m${E}(B${E}#8${E} F${E}cb`],
    ['a lone escape at the end', `ab${E}`],
  ])('is what is seen, with no control character: %s', (_name, output) => {
    const copied = plainText(output);
    expect(copied).not.toMatch(/(?![\t\n])\p{Cc}/u);
    expect(copied).toBe(texts(output).join('\n'));
    expect(plainText(copied)).toBe(copied);
    expect(copied).not.toContain('secret');
  });

  it('has no hidden text', () => {
    expect(ansiLines(`a${E}[8mhidden`)).toEqual([
      [
        { text: 'a', className: '' },
        { text: 'hidden', className: '' },
      ],
    ]);
  });

  it('takes time in proportion to the output, whatever sequences it holds', () => {
    for (const part of [`${E}P`, `${E}]0;`, '\u0090', `${E}[0`, `${E}[20${E}[=1~`])
      expect(plainText(part.repeat(200_000))).not.toContain(E);
  });
});
