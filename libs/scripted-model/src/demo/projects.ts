import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The same relative path from `src` and from `dist`. */
const FOLDER = fileURLToPath(new URL('../../demo-projects', import.meta.url));

/** A small program that the demo model can build. Its files are in `demo-projects`. */
export interface DemoProject {
  name: string;
  /** Matches the prompts that ask for it, such as the example on the home page. */
  asked: RegExp;
  /** What it is, to follow "I built …". */
  what: string;
  /** How a person tries it, in its folder. */
  use: string;
}

const PROJECTS: DemoProject[] = [
  {
    name: 'rename-photos',
    asked: /renam\w* (?:\w+ )?photos/i,
    what: 'a command that renames JPEG photos by the date they were taken, which it reads from their EXIF data',
    use: '`node rename-photos.js --dry-run ~/Pictures` says what it would do; without `--dry-run` it does it.',
  },
  {
    name: 'countdown',
    asked: /countdown/i,
    what: 'a countdown timer on one page, without a server and without libraries',
    use: 'Open `index.html` in a browser. It needs no network.',
  },
  {
    name: 'slugify',
    asked: /\bslugs?\b/i,
    what: 'a library that turns titles into names for addresses',
    use: '`slugify("Crème brûlée!")` returns `creme-brulee`. The README says more.',
  },
];

export const projectFor = (prompt: string): DemoProject | undefined =>
  PROJECTS.find(({ asked }) => asked.test(prompt));

/** Texts by path, those of the tests apart. Paths have only `a-z0-9-./`, so they are safe in a command. */
export function readProject({ name }: DemoProject): {
  code: Map<string, string>;
  tests: Map<string, string>;
} {
  const folder = join(FOLDER, name);
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
  const isTest = (path: string) => path.startsWith('test/');
  const read = (chosen: string[]) =>
    new Map(chosen.map((path) => [path, readFileSync(join(folder, path), 'utf8').trimEnd()]));
  return { code: read(paths.filter((path) => !isTest(path))), tests: read(paths.filter(isTest)) };
}
