import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { IMAGE_EXTENSIONS, type ImageType } from '@saas-codex/contracts/images';
import {
  HOMES,
  IMAGES_FOLDER,
  MIRRORS_FOLDER,
  TRASH_FOLDER,
  WORKSPACE,
} from '@saas-codex/contracts/workspace-layout';
import { CONFIG, type Config } from '../../config.js';
import type { RequestContext } from '../../identity/request-context.js';
import { DirectoryHandle } from './directory-handle.js';
import { Trash } from './trash.js';

export type { Download } from './downloads.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DISK_USAGE_TIMEOUT_MS = 10 * 60_000;

/**
 * The folders of the workspaces: where each of them is, how large it is, and its removal.
 *
 *     WORKSPACES_ROOT/
 *       <session>/repo/               the agent's clone            ─┐ removeWorkspace: a rename into
 *       <session>/codex-home/         CODEX_HOME of its thread      ├─ .trash/, deleted in the background
 *       <session>/homes/              HOME of its runs              │
 *       <session>/history.git/        ours: checkpoints of repo/   ─┘
 *       .mirrors/<tenant>/<hash>.git  fetched from remotes
 *       .images/<session>/            images of its prompts
 *       .trash/
 *
 * Every path comes from here and is built only from uuids and hashes, so nothing that a person or an agent typed can
 * lead out of the root. Agents write below `repo/` and may still be writing while it is removed; that is why removal
 * opens folders instead of following paths (remove-tree.ts).
 */
@Injectable()
export class Storage implements OnModuleInit, OnModuleDestroy {
  readonly root: string;
  private readonly trash: Trash;

  constructor(@Inject(CONFIG) config: Pick<Config, 'WORKSPACES_ROOT'>) {
    this.root = config.WORKSPACES_ROOT;
    this.trash = new Trash(join(this.root, TRASH_FOLDER));
  }

  /** `WORKSPACES_ROOT/<session_id>/repo` */
  repoPath = (sessionId: string): string => join(this.workspacePath(sessionId), WORKSPACE.repo);

  codexHomePath = (sessionId: string): string => join(this.workspacePath(sessionId), WORKSPACE.codexHome);

  historyPath = (sessionId: string): string => join(this.workspacePath(sessionId), WORKSPACE.history);

  homesPath = (sessionId: string): string => join(this.workspacePath(sessionId), WORKSPACE.homes);

  get mirrorsPath(): string {
    return join(this.root, MIRRORS_FOLDER);
  }

  tenantMirrorsPath = (tenantId: string): string => join(this.mirrorsPath, hash(tenantId).slice(0, 32));

  mirrorPath = (tenantId: string, url: string): string =>
    join(this.tenantMirrorsPath(tenantId), `${hash(url)}.git`);

  /** Bytes that the workspace takes on the disk. null: it cannot be measured, for instance while it is removed. */
  workspaceBytes(sessionId: string, signal?: AbortSignal): Promise<number | null> {
    return measureFolder(this.workspacePath(sessionId), signal);
  }

  /** Bytes that all mirrors of the tenant take on the disk. null: they cannot be measured. */
  mirrorBytes({ tenantId }: RequestContext, signal?: AbortSignal): Promise<number | null> {
    return measureFolder(this.tenantMirrorsPath(tenantId), signal);
  }

  /** Removes a workspace. It is no error when there is none. */
  removeWorkspace(sessionId: string): Promise<void> {
    return this.trash.moveToTrash(this.workspacePath(sessionId));
  }

  /**
   * Removes the HOME of agents: the next one starts with a new copy of that of setup scripts. It is no error when there is
   * none. Its caller makes sure that no run uses it.
   */
  async removeAgentHome(sessionId: string): Promise<void> {
    const homes = this.homesPath(sessionId);
    await rm(join(homes, HOMES.record), { force: true });
    const home = await DirectoryHandle.openPath(join(homes, HOMES.agent)).catch(nullWhenAbsent);
    if (!home) return;
    // An agent may have locked it, and a locked folder cannot be moved.
    await chmod(home.pathOf(), 0o700).finally(() => home.close());
    await this.trash.moveToTrash(join(homes, HOMES.agent));
  }

  imagePath(sessionId: string, imageId: string, type: ImageType): string {
    if (!UUID.test(imageId)) throw new Error('An image id is a lower-case uuid.');
    return join(this.imagesPath(sessionId), `${imageId}.${IMAGE_EXTENSIONS[type]}`);
  }

  /** The file has all of its bytes as soon as it has its name. */
  async writeImage(sessionId: string, imageId: string, type: ImageType, bytes: Buffer): Promise<void> {
    const path = this.imagePath(sessionId, imageId, type);
    const unfinished = `${path}.${randomUUID()}`;
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(unfinished, bytes, { mode: 0o600, flag: 'wx' });
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** It is no error when there is none. */
  removeImage(sessionId: string, imageId: string, type: ImageType): Promise<void> {
    return rm(this.imagePath(sessionId, imageId, type), { force: true });
  }

  /** Removes the images of the session's prompts. It is no error when there are none. */
  removeImages(sessionId: string): Promise<void> {
    return this.trash.moveToTrash(this.imagesPath(sessionId));
  }

  /** Removes a mirror. Its caller makes sure that nothing uses it. */
  removeMirror(mirror: string): Promise<void> {
    return this.trash.moveToTrash(mirror);
  }

  /** Removes all mirrors of a tenant that has no sessions any more. */
  removeMirrors({ tenantId }: RequestContext): Promise<void> {
    return this.trash.moveToTrash(this.tenantMirrorsPath(tenantId));
  }

  /** Starts to delete everything in the trash, also what other backends have left there. */
  emptyTrash(): Promise<void> {
    return this.trash.emptyTrash();
  }

  onModuleInit(): Promise<void> {
    return this.trash.emptyTrash();
  }

  onModuleDestroy(): Promise<void> {
    return this.trash.waitUntilEmpty();
  }

  private imagesPath(sessionId: string): string {
    return join(this.root, IMAGES_FOLDER, folderName(sessionId));
  }

  private workspacePath(sessionId: string): string {
    return join(this.root, folderName(sessionId));
  }
}

function folderName(sessionId: string): string {
  if (!UUID.test(sessionId)) throw new Error('A session id is a lower-case uuid.');
  return sessionId;
}

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * Runs `du` with the lowest priority. It follows no links and reads no files. Folders that an agent has locked against
 * everyone are not counted (the runner's limit counts them, from inside a jail).
 */
async function measureFolder(folder: string, signal?: AbortSignal): Promise<number | null> {
  const env = { PATH: process.env['PATH'] };
  const options = { timeout: DISK_USAGE_TIMEOUT_MS, env, encoding: 'utf8', signal } as const;
  // du exits with an error when it may not read some folder, and counts all others.
  const output = await promisify(execFile)('nice', ['-n', '19', 'du', '-sk', '--', folder], options).catch(
    (error: unknown) => error as { stdout?: string },
  );
  signal?.throwIfAborted();
  const kilobytes = Number.parseInt(output.stdout ?? '', 10);
  return Number.isSafeInteger(kilobytes) ? kilobytes * 1024 : null;
}
