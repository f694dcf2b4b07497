import type { Session } from '@saas-codex/contracts/sessions';

/** The repositories of the latest sessions, each once, latest first. */
export function recentRepositories(sessions: readonly Session[], limit = 8): string[] {
  const addresses = sessions.map((session) => session.repo_url).filter((address) => address !== null);
  return [...new Set(addresses)].slice(0, limit);
}
