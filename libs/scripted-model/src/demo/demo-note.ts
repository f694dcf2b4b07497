/** The note that the demo model writes. */
export interface Note {
  /** Relative to the repository. Only `a-z0-9-./`, so it is safe in a command. */
  path: string;
  heading: string;
  prompt: string;
  /** The earlier prompts of the thread. */
  earlier: string[];
}

const MAX_QUOTE_CHARS = 2_000;
const MAX_HEADING_CHARS = 72;

/** `Add a CHANGELOG, please!` → `add-a-changelog-please`. A prompt without Latin letters or digits gives `prompt`. */
export function slugOf(prompt: string): string {
  const words = prompt
    .normalize('NFKD')
    .replace(/[^\w\s-]/g, '')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return words?.slice(0, 6).join('-').slice(0, 60) ?? 'prompt';
}

/** `<slug>.md`, or `<slug>-2.md` and so on if that is taken. */
export function freeName(slug: string, taken: string[]): string {
  const used = new Set(taken.map((name) => name.toLowerCase()));
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? `${slug}.md` : `${slug}-${n}.md`;
    if (!used.has(name)) return name;
  }
}

export function headingOf(prompt: string): string {
  const line =
    printable(prompt)
      .split('\n', 1)[0]
      ?.replace(/^#+\s*/, '') ?? '';
  return shorten(line === '' ? 'A prompt' : line, MAX_HEADING_CHARS);
}

export function noteText({ heading, prompt, earlier }: Note): string {
  const before = earlier.map((text, index) => `${index + 1}. ${shorten(headingOf(text), MAX_HEADING_CHARS)}`);
  return [
    `# ${heading}`,
    '',
    'The prompt was:',
    '',
    ...shorten(printable(prompt), MAX_QUOTE_CHARS)
      .split('\n')
      .map((line) => `> ${line}`.trimEnd()),
    '',
    ...(before.length > 0 ? ['Asked before in this session:', '', ...before, ''] : []),
    '_Written by the demo model of saas-codex. It follows a script and is not an AI._',
  ].join('\n');
}

/** Returns a patch for Codex's apply_patch that adds files. @param files contents by path */
export const addFilesPatch = (files: Record<string, string>): string =>
  [
    '*** Begin Patch',
    ...Object.entries(files).flatMap(([path, text]) => [
      `*** Add File: ${path}`,
      ...text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `+${line}`),
    ]),
    '*** End Patch',
  ].join('\n');

/** Removes control characters, which a command line cannot contain, and normalises line ends. */
const printable = (text: string) =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{C}\n\t]/gu, '')
    .trim();

const shorten = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).trimEnd()}…`;
