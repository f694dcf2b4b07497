import {
  loadPartsFor,
  type MarkdownNode,
  parseMarkdown,
} from '../../../../src/entities/timeline/markdown/parse-markdown.js';

const blocksOf = (text: string, growing = false): MarkdownNode[] =>
  (parseMarkdown(text, growing) ?? []).map((json) => JSON.parse(json) as MarkdownNode);
/** The blocks as HTML without attributes, except for addresses. */
const html = (text: string, growing = false): string => blocksOf(text, growing).map(render).join('');

function render(node: MarkdownNode): string {
  if (typeof node === 'string') return node;
  const { href } = node.props;
  return `<${node.tag}${href ? ` href=${href}` : ''}>${node.children.map(render).join('')}</${node.tag}>`;
}

beforeAll(() => loadPartsFor('&alpha;', true));

describe('an answer', () => {
  it.each([
    ['a single ~ does not strike out', 'from 1~3 to 5~7', '<p>from 1~3 to 5~7</p>'],
    ['nor a pair of words with it', '~one~', '<p>~one~</p>'],
    ['two do', '~~gone~~', '<p><del>gone</del></p>'],
    [
      'bold ends beside CJK text',
      '**これは太字です。**次の文。',
      '<p><strong>これは太字です。</strong>次の文。</p>',
    ],
    [
      'a link ends before 。',
      '見て https://example.com/a。次',
      '<p>見て <a href=https://example.com/a>https://example.com/a</a>。次</p>',
    ],
    [
      'and before a closing bracket',
      '（www.example.com）と',
      '<p>（<a href=http://www.example.com>www.example.com</a>）と</p>',
    ],
    [
      'the text of a link may have it',
      '[終わり。](https://example.com/)',
      '<p><a href=https://example.com/>終わり。</a></p>',
    ],
  ])('is rendered as its author means it: %s', async (_rule, text, expected) => {
    await loadPartsFor(text, false);
    expect(html(text)).toBe(expected);
  });

  it('shows HTML as text', () => {
    expect(html('<script>alert(1)</script>')).toBe('<p><script>alert(1)</script></p>');
    expect(html('a <b>c</b> d')).toBe('<p>a <b>c</b> d</p>');
    expect(blocksOf('<script>alert(1)</script>')).toEqual([
      { tag: 'p', props: {}, children: ['<script>alert(1)</script>'] },
    ]);
  });

  it('has no links to scripts', () => {
    expect(html('[a](javascript:alert%281%29)')).toBe('<p><a>a</a></p>');
  });

  it('closes open markup while it grows', () => {
    expect(html('It is **very', true)).toBe('<p>It is <strong>very</strong></p>');
    expect(html('It is **very')).toBe('<p>It is **very</p>');
  });

  it('keeps the blocks that have not changed', () => {
    const [first] = parseMarkdown('# One\n\nTwo', true) ?? [];
    expect(parseMarkdown('# One\n\nTwo and\n\n- three', true)?.[0]).toBe(first);
  });

  it.each([
    ['nested too deeply', '>'.repeat(200)],
    ['of too many parts', '- a\n'.repeat(10_000)],
  ])('is not rendered if it is %s', (_why, text) => expect(parseMarkdown(text, false)).toBeNull());
});
