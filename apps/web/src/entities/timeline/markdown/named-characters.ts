/**
 * The names of characters, such as `&alpha;`. The table is larger than any other part of the parser and few texts need
 * it, so it is loaded for those. vite.config.ts puts this module in the place of `decode-named-character-reference`.
 */
let table: Readonly<Record<string, string>> = {};

/** Loads the table if the text may need it. */
export async function loadNamesIn(text: string): Promise<void> {
  if (/&[a-z]/i.test(text)) table = (await import('character-entities')).characterEntities;
}

/** @returns false if there is no such name */
export const decodeNamedCharacterReference = (name: string): string | false =>
  Object.hasOwn(table, name) ? (table[name] ?? false) : false;
