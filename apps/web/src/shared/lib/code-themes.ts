/**
 * The syntax colours of code, in diffs and in the conversation: GitHub's, in the variants whose comments too can be read
 * on the tint of a changed line.
 */
export const CODE_THEMES = { light: 'github-light-high-contrast', dark: 'github-dark-default' } as const;
