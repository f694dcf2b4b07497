/** Characters of a title in a branch's name. */
const MAX_SLUG = 40;

/**
 * The branch of a session by a pattern in which `{title}` and `{id}` stand for those of the session: `codex/{title}-{id}` gives
 * `codex/fix-the-roses-3f2a91c0`.
 * @param attempt from 2: that many branches of this name are taken
 */
export function branchFrom(
  pattern: string,
  { id, title }: { id: string; title: string },
  attempt = 1,
): string {
  const slug = title
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-+|-+$/g, '');
  const name = pattern.replaceAll('{title}', slug || 'session').replaceAll('{id}', id.slice(-8));
  return attempt > 1 ? `${name}-${attempt}` : name;
}
