/** A GitHub name has no dots, so `owner/name` is not mistaken for a host with a path. */
const OWNER_AND_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\/[\w.-]+$/;
const HOST_AND_PATH = /^(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::\d+)?(?:\/[\w.~-]+){2,}$/;

/**
 * The address that a person means who leaves out its beginning: `owner/name` is on GitHub, `host/owner/name` is https.
 * @returns null if the text is complete, or no such address
 */
export function completedAddress(text: string): string | null {
  if (OWNER_AND_NAME.test(text)) return `https://github.com/${text}`;
  return HOST_AND_PATH.test(text) ? `https://${text}` : null;
}
