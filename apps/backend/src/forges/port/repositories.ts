/** A repository at a forge. */
export interface RepositoryRef {
  /** `acme/app`; GitLab has longer ones. Without slashes at its ends, and without `.git`. */
  path: string;
}

/** What the person of a connection may do in a repository, as the forge says. null: it does not say. */
interface RepositoryRights {
  pull: boolean | null;
  push: boolean | null;
  admin: boolean | null;
}

export interface ForgeRepository {
  /** `acme/app`. */
  path: string;
  /** For git over https. */
  cloneUrl: string;
  /** For people. */
  webUrl: string;
  description: string | null;
  isPrivate: boolean;
  /** It takes no pushes. */
  isArchived: boolean;
  /** null: it has no commit yet. */
  defaultBranch: string | null;
  rights: RepositoryRights;
}

export interface ForgeBranch {
  name: string;
  commit: string;
  isProtected: boolean;
}

export interface ForgeTag {
  name: string;
  commit: string;
}

export interface Listed<T> {
  items: T[];
  /** There are more than are listed. */
  isComplete: boolean;
}

/** What a forge knows about repositories. Every method throws `ForgeError`. */
export interface ForgeRepositories {
  /** Of what the connection's person belongs to. @param query a part of the name; empty: those changed last */
  search(query: string, limit: number): Promise<ForgeRepository[]>;
  /** @throws ForgeError not_found also where the token may not see it */
  get(repository: RepositoryRef): Promise<ForgeRepository>;
  branches(repository: RepositoryRef): Promise<Listed<ForgeBranch>>;
  /** null: there is none. */
  branch(repository: RepositoryRef, name: string): Promise<ForgeBranch | null>;
  tags(repository: RepositoryRef): Promise<Listed<ForgeTag>>;
}
