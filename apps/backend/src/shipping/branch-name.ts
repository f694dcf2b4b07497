/** Characters of a title, or a person's name, in a branch's name. */
const MAX_SLUG = 40;

/** What a pattern has places for. */
interface Named {
  id: string;
  title: string;
  person: string;
}

/**
 * The branch of a session by a pattern, in which `{title}` and `{id}` stand for those of the session, and `{person}` for who
 * pushes: `codex/{title}-{id}` gives `codex/fix-the-roses-3f2a91c0`.
 * @param attempt from 2: that many branches of this name are taken
 */
export function branchFrom(pattern: string, { id, title, person }: Named, attempt = 1): string {
  const name = pattern
    .replaceAll('{title}', slugOf(title) || 'session')
    .replaceAll('{person}', slugOf(person) || 'somebody')
    .replaceAll('{id}', shortId(id));
  return attempt > 1 ? `${name}-${attempt}` : name;
}

/** Whether a branch is named by the pattern, with any title, any person, and the session's own id. */
export function followsPattern(pattern: string, id: string, branch: string): boolean {
  const words = '[^/]+';
  const parts = pattern.split(/(\{\w+\})/).map((part) => {
    if (part === '{id}') return shortId(id);
    return part === '{title}' || part === '{person}' ? words : part.replaceAll('.', '\\.');
  });
  return new RegExp(`^${parts.join('')}(-\\d+)?$`).test(branch);
}

const shortId = (id: string) => id.slice(-8);

const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-+|-+$/g, '');
