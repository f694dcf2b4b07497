/* What we say about a pull request ourselves stands at the end of its description, each thing between two marks. */

const NAMES = ['evidence', 'tries'] as const;
type SectionName = (typeof NAMES)[number];

const beginOf = (name: SectionName) => `<!-- saas-codex: ${name} -->`;
const endOf = (name: SectionName) => `<!-- saas-codex: end of the ${name} -->`;
const patternOf = (name: SectionName) => new RegExp(`\\s*${beginOf(name)}[^]*?${endOf(name)}`, 'g');

/** @param lines in Markdown; null: the section goes */
export function withSection(body: string, name: SectionName, lines: readonly string[] | null): string {
  const section = lines && [beginOf(name), ...lines, endOf(name)].join('\n');
  return joined(body.replaceAll(patternOf(name), ''), section);
}

/** The description that a person wants, with the sections that the forge has. */
export const keepSections = (wanted: string, there: string): string =>
  NAMES.reduce(
    (body, name) =>
      joined(body.replaceAll(patternOf(name), ''), there.match(patternOf(name))?.at(-1)?.trim() ?? null),
    wanted,
  );

/** Others chose the name: in code, it mentions nobody, links nowhere, and ends no table. Nor is it one of the marks. */
export const asCode = (name: string): string =>
  `\`${name.replaceAll(/[`|\r\n]/g, ' ').replaceAll('<!--', '< !--')}\``;

const joined = (body: string, section: string | null) => [body, section ?? ''].filter(Boolean).join('\n\n');
