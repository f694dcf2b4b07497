/*
 * Bitbucket shows comments of HTML to readers. A link that nothing refers to is what its Markdown leaves out, so our marks are written
 * as such, each in a line of its own.
 */

export const descriptionOf = (body: string): string => body.replaceAll(/^<!-- (.*) -->$/gm, '[//]: # ($1)');

export const fromDescription = (description: string): string =>
  description.replaceAll(/^\[\/\/\]: # \((.*)\)$/gm, '<!-- $1 -->');
