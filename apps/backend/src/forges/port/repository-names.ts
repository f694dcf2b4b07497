import { ForgeError } from './forge-error.js';
import type { RepositoryRef } from './repositories.js';

/** Of a forge whose repositories have one owner and a name. @throws ForgeError not_found when it is no such address */
export function namesOf({ path }: RepositoryRef): { owner: string; repo: string } {
  const [owner = '', repo = '', ...rest] = path.split('/');
  if (owner === '' || repo === '' || rest.length > 0)
    throw new ForgeError('not_found', 'A repository of this forge has an address such as acme/app.');
  return { owner, repo };
}
