import { Injectable } from '@nestjs/common';
import { MAX_DIFF_FILES } from '@saas-codex/contracts/diffs';
import { MAX_DOWNLOAD } from '@saas-codex/contracts/ignored-files';

const MB = 1024 * 1024;

/** What one workspace may cost. It is a provider of its own so that tests and operators can set other limits. */
@Injectable()
export class WorkspaceLimits {
  /** Bytes of a mirror, packed. */
  readonly mirrorBytes: number = 2048 * MB;
  /** Branches and tags that a mirror holds. Of a remote with more, it holds the default branch and what sessions ask for. */
  readonly mirrorRefs: number = 1_000;
  /** Bytes that are fetched from a remote that says it is empty. */
  readonly emptyBytes: number = MB;
  /** Bytes of a remote's list of refs. */
  readonly listingBytes: number = 64 * MB;
  /** Files of a checkout. Packed trees of 208 KB can name a million of them. */
  readonly checkoutFiles: number = 200_000;
  /** Bytes of all files of a checkout. */
  readonly checkoutBytes: number = 4096 * MB;
  /** Files in Git LFS of which the contents are fetched. */
  readonly lfsFiles: number = 10_000;
  /** Bytes of a file that checkpoints record. Larger files are left out. */
  readonly checkpointFileBytes: number = 100 * MB;
  /** Files that one page of a diff lists. */
  readonly diffFiles: number = MAX_DIFF_FILES;
  /** Bytes of the names in one page of a diff. */
  readonly diffPageBytes: number = 2 * MB;
  /** Bytes of git's output that are read for one diff. */
  readonly diffBytes: number = 256 * MB;
  /** Milliseconds for one diff. */
  readonly diffMs: number = 20_000;
  /** Bytes of the pages that are cached, of all tenants together. */
  readonly diffCacheBytes: number = 16 * MB;
  /** Bytes of the list of a tree's files that are searched for a path. */
  readonly pathListBytes: number = 16 * MB;
  /** Milliseconds for one search in a tree's texts. */
  readonly searchMs: number = 10_000;
  /** Bytes of an image of a tree that a browser shows. */
  readonly shownImageBytes: number = 10 * MB;
  /** Checkpoints and diffs that one tenant does at the same time. */
  readonly historyPlacesPerTenant: number = 2;
  /** Checkpoints and diffs that all tenants do at the same time. */
  readonly historyPlaces: number = 8;
  /** Diffs of one tenant that wait for a place. Further ones are refused. */
  readonly historyWaiting: number = 100;
  /** Bytes of the files in one page of a diff that are decoded to be compared as texts. */
  readonly decodedBytes: number = 4 * MB;
  /** Files and folders that are looked at to list what git ignores, or what runs left in a HOME. */
  readonly leftoverEntries: number = 100_000;
  /** Bytes of one download of ignored files. */
  readonly downloadBytes: number = MAX_DOWNLOAD.bytes;
  /** Files of one archive of ignored files. */
  readonly downloadFiles: number = MAX_DOWNLOAD.files;
  /** Downloads of one tenant at the same time. Further ones are refused. */
  readonly downloadsPerTenant: number = 4;
  /** Milliseconds for one download. */
  readonly downloadMs: number = 1_800_000;
  /** Bytes of one file's patch. */
  readonly patchBytes: number = MB;
  /** Bytes of a patch of all files. */
  readonly patchFileBytes: number = 256 * MB;
  /** Bytes of memory that one git command can write to. */
  readonly gitMemoryBytes: number = 2048 * MB;
  /** Milliseconds for listing the refs of a remote. */
  readonly resolveMs: number = 30_000;
  /** Milliseconds for fetching a repository. */
  readonly fetchMs: number = 600_000;
  /** Milliseconds for one git command on local data. */
  readonly localMs: number = 60_000;
  /** Named pipes in a work tree that stand in for files that git reads. git waits for each of them. */
  readonly pipes: number = 100;
  /** Milliseconds between searches for named pipes that git waits for. Each search walks the whole work tree. */
  readonly pipesEveryMs: number = 2_000;
}
