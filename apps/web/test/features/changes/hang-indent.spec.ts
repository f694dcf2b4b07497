import { hangIndent } from '../../../src/features/changes/hang-indent.js';

const styled = (textContent: string) => {
  const line = { textContent, style: {} as CSSStyleDeclaration };
  hangIndent(line as HTMLElement);
  return line.style;
};

it.each([
  ['    return plants;', 4],
  ['\t\treturn plants;', 8],
  ['  \treturn plants;', 4],
  [`${' '.repeat(80)}return plants;`, 24],
])('wraps %j below its first word', (text, columns) =>
  expect(styled(text)).toEqual({
    paddingInlineStart: `calc(1ch + ${columns}ch)`,
    textIndent: `-${columns}ch`,
  }),
);

it('leaves a line without indentation as it is', () => expect(styled('return plants;')).toEqual({}));
