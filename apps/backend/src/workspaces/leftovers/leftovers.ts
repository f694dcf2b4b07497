import { Injectable, Logger } from '@nestjs/common';
import type { Home } from '@saas-codex/contracts/home';
import type {
  IgnoredFiles as IgnoredFilesPage,
  IgnoredFilesQuery,
} from '@saas-codex/contracts/ignored-files';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../../identity/request-context.js';
import { GitFailure } from '../git/git.js';
import { TenantPlaces } from '../history/tenant-places.js';
import { type Download, Downloads } from '../storage/downloads.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { HomeLayers } from './home-layers.js';
import { IgnoredFiles } from './ignored-files.js';
import { zipFiles } from './zip-archive.js';

const ALL_FILES = 'ignored-files';

/**
 * What runs leave behind that no diff shows: files that git ignores, and changes of HOME. All of it is read in open
 * folders and never through a link, and within the places that a tenant has for checkpoints and diffs.
 */
@Injectable()
export class Leftovers {
  private readonly logger = new Logger(Leftovers.name);

  constructor(
    private readonly ignored: IgnoredFiles,
    private readonly homes: HomeLayers,
    private readonly downloads: Downloads,
    private readonly places: TenantPlaces,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @throws ProblemError ignored_file_not_found, rate_limited, workspace_unreadable */
  ignoredFiles(ctx: RequestContext, sessionId: string, query: IgnoredFilesQuery): Promise<IgnoredFilesPage> {
    return this.read(ctx, sessionId, () => this.ignored.list(sessionId, query));
  }

  /** @throws ProblemError as `ignoredFiles`, and download_too_large */
  ignoredFile(ctx: RequestContext, sessionId: string, path: string): Promise<Download> {
    return this.downloads.begin(ctx.tenantId, async () => {
      const file = await this.read(ctx, sessionId, () => this.ignored.openFile(sessionId, path));
      return { name: file.name.toString('utf8'), content: file.read() };
    });
  }

  /** A zip archive of all ignored files, or of those in a folder. @throws ProblemError as `ignoredFile` */
  ignoredArchive(ctx: RequestContext, sessionId: string, folder: string | undefined): Promise<Download> {
    return this.downloads.begin(ctx.tenantId, async () => {
      const paths = await this.read(ctx, sessionId, () => this.ignored.listForArchive(sessionId, folder));
      const name = folder?.slice(folder.lastIndexOf('/') + 1) ?? ALL_FILES;
      const content = zipFiles(this.storage.repoPath(sessionId), paths, this.limits.downloadBytes);
      return { name: `${name}.zip`, content };
    });
  }

  /** @throws ProblemError rate_limited */
  home({ tenantId }: RequestContext, sessionId: string): Promise<Home> {
    return this.places.withPlaceUnlessCrowded(tenantId, () => this.homes.read(sessionId));
  }

  /** See `HomeLayers.reset`. */
  resetHome(sessionId: string): Promise<void> {
    return this.homes.reset(sessionId);
  }

  private async read<T>({ tenantId }: RequestContext, sessionId: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.places.withPlaceUnlessCrowded(tenantId, work);
    } catch (error) {
      const isLost = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!isLost && !(error instanceof GitFailure)) throw error;
      this.logger.error(`ignored files of session ${sessionId} cannot be read: ${String(error)}`);
      throw new ProblemError(
        'workspace_unreadable',
        isLost
          ? "The session's folder is lost. Make a new session."
          : 'Git cannot list the ignored files. Ask Codex to remove what is not needed, or make a new session.',
      );
    }
  }
}
