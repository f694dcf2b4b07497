/** A GitHub App, as its owner's connection keeps it. Its private key is a secret. */
export interface GithubApp {
  id: number;
  clientId: string;
  slug: string;
  name: string;
  /** Its page at GitHub. */
  url: string;
}

/** Where a person chooses the repositories that it may reach. */
export const installUrlOf = ({ url }: GithubApp): string => `${url}/installations/new`;
