import { Injectable } from '@nestjs/common';

const MB = 1024 * 1024;

/** What one workspace may cost. A provider of its own, so that tests and operators can set other bounds. */
@Injectable()
export class WorkspaceLimits {
  /** Bytes that a mirror may hold, packed. */
  readonly mirrorBytes: number = 2048 * MB;
  /** Files that a checkout may have: 208 KB of packed trees can name a million of them. */
  readonly checkoutFiles: number = 200_000;
  /** Bytes of all files of a checkout. */
  readonly checkoutBytes: number = 4096 * MB;
  /** A larger file of the work tree is not recorded in checkpoints. */
  readonly checkpointFileBytes: number = 100 * MB;
  /** Files that one diff lists. */
  readonly diffFiles: number = 3_000;
  /** Bytes of one file's patch. */
  readonly patchBytes: number = MB;
  /** Bytes of memory that one git command can fill. */
  readonly gitMemoryBytes: number = 2048 * MB;
  /** Milliseconds for naming a remote's branches, and for fetching all of it. */
  readonly resolveMs: number = 30_000;
  readonly fetchMs: number = 600_000;
  /** Milliseconds for one git command on local data. */
  readonly localMs: number = 60_000;
  /** Milliseconds between looks for named pipes that git waits for; a look costs a walk over the work tree. */
  readonly pipesEveryMs: number = 2_000;
}
