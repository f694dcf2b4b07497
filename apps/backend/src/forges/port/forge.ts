import type { ForgeKind, ForgeRight } from '@saas-codex/contracts/forges';
import type { ForgePullRequests } from './pull-requests.js';
import type { ForgeRepositories } from './repositories.js';

/**
 * One forge as one connection sees it: what the token of that connection may see and do. Each adapter speaks the API of one kind
 * through that forge's own client, and turns its failures into `ForgeError`.
 */
export interface Forge {
  readonly kind: ForgeKind;
  /** As a browser opens it, without a slash at its end. */
  readonly url: string;
  readonly repositories: ForgeRepositories;
  /** Left out: this adapter cannot open any yet. */
  readonly pullRequests?: ForgePullRequests;
  /** @throws ForgeError */
  identity(): Promise<ForgeIdentity>;
}

/** Whose token it is, and what it is good for. */
export interface ForgeIdentity {
  login: string;
  rights: ForgeRight[];
  /** null: never, or the forge does not say. */
  expiresAt: Date | null;
}

/** What an adapter is made from. */
export interface ForgeConnection {
  /** An origin. */
  url: string;
  /** The one to whose repositories the token is limited; null: to none. */
  workspace: string | null;
  token: string;
  /** @param api the address below which the forge's API is. The result reaches nothing else */
  fetchFor: (api: string) => typeof fetch;
}
