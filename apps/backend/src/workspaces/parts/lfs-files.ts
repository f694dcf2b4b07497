import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdtemp, open as openFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { parseAddress } from '../addresses/parse-address.js';
import { cloneProblem } from '../clones/clone-problems.js';
import { missingLfsFiles, type MissingPart } from '../clones/missing-parts.js';
import { SessionClone } from '../clones/session-clone.js';
import { type LfsContent, LfsContents, modifiedAt } from '../history/lfs-contents.js';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { type LfsFile, type LfsObject, LfsPointers } from './lfs-pointers.js';
import { BATCH_SIZE, type LfsDownload, LfsServer } from './lfs-server.js';
import { missingReason } from './missing-reason.js';
import type { FetchedPart, PartRequest } from './part-request.js';

const DOWNLOADS_AT_ONCE = 4;
const SLASH = 0x2f;

/** The files of a session that share an object. */
interface Wanted extends LfsObject {
  files: LfsFile[];
}

/**
 * Puts the contents of files in Git LFS where a session's clone has pointers, before any agent has seen it.
 *
 *     pointers ─► the repository's own LFS server ─► contents, hashed while they come ─► moved over the pointers
 *
 * The agent's own git takes the files as unchanged (`skip-worktree`); checkpoints keep the pointers (LfsContents).
 */
@Injectable()
export class LfsFiles {
  constructor(
    private readonly clone: SessionClone,
    private readonly pointers: LfsPointers,
    private readonly server: LfsServer,
    private readonly contents: LfsContents,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @throws when the request's signal ends it, or a store is away */
  async fetch(sessionId: string, request: PartRequest): Promise<FetchedPart> {
    const repo = this.storage.repoPath(sessionId);
    const staged = await this.clone.listLfsFiles(repo, request.signal);
    const { files, beyond } = await this.pointers.read(sessionId, staged, this.limits.lfsFiles);
    const tooMany = `Only ${this.limits.lfsFiles} of them are fetched.`;
    const missing: MissingPart[] = beyond.map((name) => ({ name: name.toString('utf8'), reason: tooMany }));
    const wanted = this.choose(files, request, missing);
    const folder = await mkdtemp(join(this.storage.historyPath(sessionId), 'lfs-'));
    const placed: LfsContent[] = [];
    try {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(this.limits.fetchMs)]);
      for (let start = 0; start < wanted.length; start += BATCH_SIZE) {
        const some = wanted.slice(start, start + BATCH_SIZE);
        await this.fetchSome(some, { ...request, signal, repo, folder, placed, missing });
        request.signal.throwIfAborted();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const names = placed.map(({ name }) => Buffer.from(name, 'latin1'));
    await this.clone.skipWorkTree(repo, names, request.signal);
    await this.contents.remember(sessionId, placed);
    return { notice: missingLfsFiles(missing), bytes: placed.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /** Those that there is room for, and a server. */
  private choose(
    files: readonly LfsFile[],
    { repoUrl, maxBytes }: PartRequest,
    missing: MissingPart[],
  ): Wanted[] {
    const miss = (file: LfsFile, reason: string) => void missing.push({ name: nameOf(file), reason });
    const wanted = new Map<string, Wanted>();
    const byAddress = parseAddress(repoUrl).scheme === 'ssh' ? OVER_HTTPS : null;
    let left = Math.min(maxBytes, this.limits.checkoutBytes);
    for (const file of files) {
      if (byAddress !== null) miss(file, byAddress);
      else if (file.size > left) miss(file, 'There is no room for it: it is too large.');
      else {
        left -= file.size;
        const { oid, size } = file;
        const known = wanted.get(oid);
        if (known?.size === size) known.files.push(file);
        else if (known) miss(file, 'Two pointers give this object different sizes.');
        else wanted.set(oid, { oid, size, files: [file] });
      }
    }
    return [...wanted.values()];
  }

  private async fetchSome(wanted: readonly Wanted[], work: Work): Promise<void> {
    const { repoUrl, open, signal, missing } = work;
    const miss = (some: readonly Wanted[], reason: string) => {
      for (const { files } of some) missing.push(...files.map((file) => ({ name: nameOf(file), reason })));
    };
    let found: Map<string, LfsDownload>;
    try {
      found = await open(repoUrl, (credential) => this.server.find(repoUrl, credential, wanted, signal));
    } catch (error) {
      return miss(wanted, missingReason(error, signal));
    }
    const inTurn = pLimit(DOWNLOADS_AT_ONCE);
    const failures = await Promise.allSettled(
      wanted.map((object) =>
        inTurn(async () => {
          try {
            await this.fetchObject(object, found.get(object.oid) ?? null, work);
          } catch (error) {
            miss([object], missingReason(error, signal));
          }
        }),
      ),
    );
    for (const failure of failures) if (failure.status === 'rejected') throw failure.reason;
  }

  private async fetchObject(object: Wanted, download: LfsDownload | null, work: Work): Promise<void> {
    if (download === null) throw cloneProblem('clone_failed', 'Its Git LFS server does not have it.');
    const { oid, size, files } = object;
    const path = join(work.folder, oid);
    const hash = createHash('sha256');
    let bytes = 0;
    const file = await openFile(path, 'wx');
    try {
      for await (const chunk of this.server.download(download, size, work.signal)) {
        hash.update(chunk);
        bytes += chunk.length;
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    if (bytes !== size || hash.digest('hex') !== oid)
      throw cloneProblem('clone_failed', 'Its Git LFS server sends other contents.');
    for (const each of files) work.placed.push(await place(work.repo, path, each));
    await rm(path);
  }
}

/** What the objects of a session share. */
interface Work extends PartRequest {
  repo: string;
  /** For what is not whole yet. On the disk of the repository. */
  folder: string;
  placed: LfsContent[];
  missing: MissingPart[];
}

/** Moves a copy over the pointer. */
async function place(
  repo: string,
  from: string,
  { name, oid, size, executable }: LfsFile,
): Promise<LfsContent> {
  const copy = `${from}.copy`;
  await copyFile(from, copy);
  await chmod(copy, executable ? 0o755 : 0o644);
  const root = await DirectoryHandle.openPath(repo);
  const slash = name.lastIndexOf(SLASH);
  const folder = slash < 0 ? root : await root.openDescendant(name.subarray(0, slash));
  try {
    const base = name.subarray(slash + 1);
    if (folder === null) throw cloneProblem('clone_failed', 'It has no folder of its own.');
    await rename(copy, folder.pathOf(base));
    const stats = await folder.lstat(base);
    if (stats === null) throw cloneProblem('clone_failed', 'It is gone already.');
    return { name: name.toString('latin1'), oid, bytes: size, modifiedAt: modifiedAt(stats) };
  } finally {
    if (folder !== root) folder?.close();
    root.close();
  }
}

const nameOf = ({ name }: LfsFile) => name.toString('utf8');
const OVER_HTTPS = 'Git LFS is fetched over https only, and the repository was opened over ssh.';
