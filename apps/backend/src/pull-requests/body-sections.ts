/* What we say about a pull request ourselves stands at the end of its description, each thing between two marks. */

const NAMES = ['evidence', 'tries'] as const;
type SectionName = (typeof NAMES)[number];

const beginOf = (name: SectionName) => `<!-- saas-codex: ${name} -->`;
const endOf = (name: SectionName) => `<!-- saas-codex: end of the ${name} -->`;

/** @param lines in Markdown; null: the section goes */
export function withSection(body: string, name: SectionName, lines: readonly string[] | null): string {
  const section = lines && [beginOf(name), ...lines, endOf(name)].join('\n');
  return joined(parted(body, name).rest, section);
}

/** The description that a person wants, with the sections that the forge has. */
export const keepSections = (wanted: string, there: string): string =>
  NAMES.reduce(
    (body, name) => joined(parted(body, name).rest, parted(there, name).sections.at(-1) ?? null),
    wanted,
  );

/** Anybody may have written the description, so it is read once, from its beginning to its end. */
function parted(body: string, name: SectionName): { rest: string; sections: string[] } {
  const [begin, end] = [beginOf(name), endOf(name)];
  const [kept, sections]: [string[], string[]] = [[], []];
  let at = 0;
  for (;;) {
    const from = body.indexOf(begin, at);
    const to = from < 0 ? -1 : body.indexOf(end, from);
    if (to < 0) break;
    kept.push(body.slice(at, from).trimEnd());
    at = to + end.length;
    sections.push(body.slice(from, at));
  }
  return { rest: [...kept, body.slice(at)].join(''), sections };
}

/** Others chose the name: in code, it mentions nobody, links nowhere, and ends no table. Nor is it one of the marks. */
export const asCode = (name: string): string =>
  `\`${name.replaceAll(/[`|\r\n]/g, ' ').replaceAll('<!--', '< !--')}\``;

const joined = (body: string, section: string | null) => [body, section ?? ''].filter(Boolean).join('\n\n');
