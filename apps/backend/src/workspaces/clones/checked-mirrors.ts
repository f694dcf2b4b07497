import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../identity/request-context.js';
import { AddressChecker, type RepoAddress } from '../addresses/address-checker.js';
import { type RemoteCredential, withGitAccess } from '../git/transport.js';
import { addsOnlyGit } from './clone-problems.js';
import type { MirrorRequest } from './mirror-fetch.js';
import { type EmptyRemote, Mirrors, type UpdatedMirror } from './mirrors.js';

interface CheckedRequest extends Pick<MirrorRequest, 'ref' | 'signal' | 'maxBytes'> {
  /** Any text. */
  repoUrl: string;
  /** null: git asks as nobody. */
  credential: RemoteCredential | null;
}

/** The mirrors of addresses that have not been checked. */
@Injectable()
export class CheckedMirrors {
  constructor(
    private readonly addresses: AddressChecker,
    private readonly mirrors: Mirrors,
  ) {}

  /**
   * Brings the tenant's mirror of a repository up to date. Follows a redirect to the same address with `.git`.
   * @throws ProblemError repo_url_*, repo_host_*, clone_*, ref_not_found; GitFailure
   */
  async updateMirror(
    ctx: RequestContext,
    { repoUrl, credential, ...request }: CheckedRequest,
  ): Promise<UpdatedMirror | EmptyRemote> {
    const updateAt = (address: RepoAddress) =>
      withGitAccess(credential, (access) =>
        this.mirrors.updateMirror(ctx, { ...request, address, access, onProgress: () => undefined }),
      );
    const address = await this.addresses.checkAddress(repoUrl);
    try {
      return await updateAt(address);
    } catch (error) {
      if (!addsOnlyGit(error, address.url)) throw error;
      return updateAt(await this.addresses.checkAddress(`${address.url}.git`));
    }
  }
}
