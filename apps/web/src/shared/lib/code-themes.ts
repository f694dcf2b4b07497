/** The syntax colours of code, in diffs and in the conversation. */
export const CODE_THEMES = { light: 'pierre-light', dark: 'pierre-dark' } as const;
