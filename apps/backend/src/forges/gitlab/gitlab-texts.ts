/** GitLab has drafts by their title. */
const DRAFT = /^((\[draft\]|\(draft\)|draft:)\s*)+/i;

export const withoutDraft = (title: string): string => title.replace(DRAFT, '');
export const asDraft = (title: string): string => `Draft: ${withoutDraft(title)}`;

/*
 * A line such as “/merge” of a description is a command to GitLab (a quick action), with the rights of the token. What people
 * and agents write is text, so a backslash stands before its slash, which is not shown, and is taken away when it is read.
 */
const ACTION = /^(\\*)\/(?=[a-z_]+(\s|$))/gim;
const ESCAPED = /^(\\*)\\\/(?=[a-z_]+(\s|$))/gim;

export const withoutActions = (text: string): string => text.replaceAll(ACTION, '$1\\/');
export const asWritten = (text: string): string => text.replaceAll(ESCAPED, '$1/');
