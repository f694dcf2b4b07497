interface CodeToken {
  readonly text: string;
  /** `--shiki-light` and `--shiki-dark`: both themes at once, so that switching renders nothing again. */
  readonly style: Record<string, string>;
}
export type CodeLine = readonly CodeToken[];

const MAX_CODE_LENGTH = 60_000;

/**
 * Colours code with the diff viewer's highlighter (Shiki on its JavaScript engine: the content security policy allows
 * no WebAssembly), which is loaded when the first block needs it. null: unknown language, or too long to be worth it.
 */
export async function highlight(code: string, language: string): Promise<CodeLine[] | null> {
  if (code.length > MAX_CODE_LENGTH) return null;
  try {
    const [{ getSharedHighlighter }, { CODE_THEMES }] = await Promise.all([
      import('@pierre/diffs'),
      import('../../../shared/lib/code-themes.js'),
    ]);
    const lang = language.toLowerCase();
    const highlighter = await getSharedHighlighter({ themes: Object.values(CODE_THEMES), langs: [lang] });
    const { tokens } = highlighter.codeToTokens(code, { lang, themes: CODE_THEMES, defaultColor: false });
    return tokens.map((line) =>
      line.map(({ content, htmlStyle }) => ({ text: content, style: htmlStyle ?? {} })),
    );
  } catch {
    return null;
  }
}
