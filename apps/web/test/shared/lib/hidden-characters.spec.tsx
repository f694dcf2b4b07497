import { renderToStaticMarkup } from 'react-dom/server';
import { splitAtMarks, withMarks } from '../../../src/shared/lib/hidden-characters.js';
import { VisibleText } from '../../../src/shared/ui/visible-text.js';

describe('hidden characters', () => {
  it.each([
    ['a right-to-left override', 'if (a)\u202e /* x', 'if (a)⟨U+202E⟩ /* x'],
    ['isolates', '\u2066a\u2069', '⟨U+2066⟩a⟨U+2069⟩'],
    ['zero width characters in a name', 'pass\u200bword\ufeff', 'pass⟨U+200B⟩word⟨U+FEFF⟩'],
    ['control characters', 'a\u001b[31m\u0000', 'a⟨U+001B⟩[31m⟨U+0000⟩'],
    ['tags', 'a\u{e0041}', 'a⟨U+E0041⟩'],
    ['a joiner between letters of code', 'ad\u200dmin', 'ad⟨U+200D⟩min'],
    ['several in a row', '\u202e\u202e', '⟨U+202E⟩⟨U+202E⟩'],
  ])('marks %s', (_what, text, marked) => {
    expect(withMarks(text)).toBe(marked);
  });

  it('leaves tabs, line ends, emoji and scripts that need joiners alone', () => {
    const text = 'a\tb\r\n👩\u200d💻 👍🏽 می\u200cخواهم größe 日本';
    expect(withMarks(text)).toBe(text);
  });

  it('splits marked text into marks, with what they mean, and the rest', () => {
    expect(splitAtMarks(withMarks('a\u202eb'))).toEqual([
      { text: 'a', meaning: null },
      { text: '⟨U+202E⟩', meaning: 'Hidden character right-to-left override' },
      { text: 'b', meaning: null },
    ]);
  });

  it('draws marks with a text alternative, and plain text as it is', () => {
    expect(renderToStaticMarkup(<VisibleText>plain &amp; simple</VisibleText>)).toBe('plain &amp; simple');
    const html = renderToStaticMarkup(<VisibleText>{'a\u202eb'}</VisibleText>);
    expect(html).toMatch(
      /^a<mark .*aria-label="Hidden character right-to-left override".*>⟨U\+202E⟩<\/mark>b$/,
    );
    expect(html).not.toContain('\u202e');
  });
});
