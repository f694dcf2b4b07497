import { Module } from '@nestjs/common';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { LocksModule } from '../database/locks.module.js';
import { AddressChecker } from './addresses/address-checker.js';
import { CloneMetrics } from './clones/clone-metrics.js';
import { MirrorRetention } from './clones/mirror-retention.js';
import { Mirrors } from './clones/mirrors.js';
import { SessionClone } from './clones/session-clone.js';
import { BareGit } from './git/bare-git.js';
import { Git } from './git/git.js';
import { Checkpoints } from './history/checkpoints.js';
import { HistoryRepository } from './history/history-repository.js';
import { OmittedFiles } from './history/omitted-files.js';
import { TreeDiffs } from './history/tree-diffs.js';
import { Trash } from './trash.js';
import { WorkspaceLimits } from './workspace-limits.js';
import { WorkspacePaths } from './workspace-paths.js';
import { Workspaces } from './workspaces.js';

@Module({
  imports: [LocksModule],
  providers: [
    AddressChecker,
    BareGit,
    Checkpoints,
    CloneMetrics,
    Git,
    HistoryRepository,
    HostResolver,
    MirrorRetention,
    Mirrors,
    OmittedFiles,
    SessionClone,
    Trash,
    TreeDiffs,
    WorkspaceLimits,
    WorkspacePaths,
    Workspaces,
  ],
  exports: [Workspaces],
})
export class WorkspacesModule {}
