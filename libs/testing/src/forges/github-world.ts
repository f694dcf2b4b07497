import type { Described, OpenApiDescription } from './openapi-description.js';

/** Whoever has a token. */
export interface GithubToken {
  login: string;
  /** Of a classic token. null: a fine-grained one, of which GitHub tells nothing. */
  scopes: string[] | null;
  /** As GitHub writes it in a header. */
  expires?: string;
  /** It is the JWT of an App. */
  app?: GithubTestApp;
  /** It is the token of an installation. */
  of?: { installation: GithubTestInstallation; repositories: string[]; permissions: PermissionsOfApp };
}

export type PermissionsOfApp = Record<string, 'read' | 'write'>;

export interface GithubTestApp {
  id: number;
  name: string;
  slug: string;
  owner: string;
  publicKey: string;
  /** GitHub gives it once. */
  pem: string;
  clientSecret: string;
  /** null: it has no webhook. */
  webhookSecret: string | null;
  permissions: PermissionsOfApp;
  events: string[];
  installations: GithubTestInstallation[];
  converted?: boolean;
  deleted?: boolean;
  /** Every JWT that was taken, and every token that was given for one. */
  jwts: string[];
  minted: { token: string; repositories: string[]; permissions: PermissionsOfApp }[];
}

export interface GithubTestInstallation {
  id: number;
  account: string;
  /** `owner/name`. */
  repositories: string[];
  /** What its owner has accepted. */
  permissions: PermissionsOfApp;
  suspended: boolean;
}

export interface GithubCall extends Described {
  body: unknown;
  token: GithubToken;
}
export interface GithubAnswer {
  status?: number;
  /** undefined: none. */
  body?: unknown;
  headers?: Record<string, string>;
}
/** By method and path as the description writes them: `GET /repos/{owner}/{repo}`. */
export type GithubEndpoints = Record<string, (call: GithubCall, world: GithubWorld) => GithubAnswer>;

export interface GithubWorld {
  /** `http://127.0.0.1:<port>`: an Enterprise Server, whose API is below /api/v3. */
  url: string;
  /** `127.0.0.1:<port>`, for GIT_TRUSTED_HOSTS. */
  host: string;
  readonly description: OpenApiDescription;
  readonly tokens: Map<string, GithubToken>;
  /** By the code with which their manifest ended. */
  readonly apps: Map<string, GithubTestApp>;
  /** By `owner/name`. */
  readonly repositories: Map<string, GithubRepositoryState>;
  /** What GitHub would have refused, and what it would not have answered. A spec expects it to be empty. */
  readonly wrong: string[];
  /** Every call, such as `GET /user`. */
  readonly calls: string[];
  /**
   * Decides on each call before it acts. null: it acts as usual. `lost`: it acts, and the connection breaks before its answer.
   */
  fault: (call: GithubCall) => GithubAnswer | 'lost' | null;
  stop(): Promise<void>;
}

export interface GithubRepositoryState {
  description: string | null;
  private: boolean;
  defaultBranch: string;
  /** Commit by name. */
  branches: Record<string, string>;
  protectedBranches: string[];
  tags: Record<string, string>;
  /** By login. Whoever is missing does not see a private one. */
  rights: Record<string, 'pull' | 'push' | 'admin'>;
  pushedAt?: string;
}

const MISSING = { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' };
/** What GitHub answers about what is not there, or not for this token. */
export const notFound: GithubAnswer = { status: 404, body: MISSING };
