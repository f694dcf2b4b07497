/** `owner/name` of a repository address, or its last part; null if there is no address. */
export function repoName(address: string | null): string | null {
  if (!address) return null;
  const path = address
    .trim()
    .replace(/^[a-z+]+:\/\/[^/]*\/?/i, '')
    .replace(/^[^/:]+@[^/:]+:/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  const parts = path.split('/').filter(Boolean);
  return parts.length === 0 ? null : parts.slice(-2).join('/');
}
