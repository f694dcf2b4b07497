/** Lets the keyboard scroll a part of the page that holds nothing to focus. It needs a name for screen readers. */
export const scrollable = (name: string) => ({ role: 'group', 'aria-label': name, tabIndex: 0 }) as const;
