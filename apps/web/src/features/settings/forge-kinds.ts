import type { ForgeKind } from '@saas-codex/contracts/forges';

interface KindText {
  name: string;
  /** How to make a token that is good for everything here. */
  token: string;
  /** Where that is, below the forge's address. */
  tokenPage: string;
}

export const FORGE_TEXTS: Record<ForgeKind, KindText> = {
  github: {
    name: 'GitHub',
    token:
      'A classic token with the scope repo, or a fine-grained one with Contents, Pull requests and Commit statuses: read and write.',
    tokenPage: '/settings/tokens',
  },
  gitea: {
    name: 'Gitea or Forgejo',
    token: 'With “repository: Read and Write” and “user: Read”, for all repositories.',
    tokenPage: '/user/settings/applications',
  },
};
