import type { SessionNotice } from '@saas-codex/contracts/sessions';
import type { RemoteCredential } from '../git/transport.js';

/** What is needed to fetch a part that a session asked for. */
export interface PartRequest {
  /** Address of the session's repository. */
  repoUrl: string;
  /** Runs `work` with what the session's owner may open an address with; null: as nobody. @throws ProblemError clone_auth_failed */
  open: <T>(url: string, work: (credential: RemoteCredential | null) => Promise<T>) => Promise<T>;
  /** That the part may take in the workspace. */
  maxBytes: number;
  signal: AbortSignal;
}

export interface FetchedPart {
  /** What is missing all the same, and why. null: nothing. */
  notice: SessionNotice | null;
  /** That it takes in the workspace. */
  bytes: number;
}
