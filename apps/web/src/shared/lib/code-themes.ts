import { registerCustomTheme, resolveTheme } from '@pierre/diffs';

/** The syntax colours of code, in diffs and in the conversation. */
export const CODE_THEMES = { light: 'code-light', dark: 'code-dark' } as const;

/** GitHub's colours, with comments that stay readable on the background of a changed word. */
const registerTheme = (
  name: string,
  base: 'github-light-high-contrast' | 'github-dark-default',
  comments: RegExp,
  readable: string,
) =>
  registerCustomTheme(
    name,
    async () => {
      const theme = JSON.stringify(await resolveTheme(base)).replace(comments, readable);
      return { ...(JSON.parse(theme) as Awaited<ReturnType<typeof resolveTheme>>), name };
    },
    'diffs',
  );

registerTheme(CODE_THEMES.light, 'github-light-high-contrast', /#66707b/gi, '#545d67');
registerTheme(CODE_THEMES.dark, 'github-dark-default', /#8b949e/gi, '#a5adb6');
