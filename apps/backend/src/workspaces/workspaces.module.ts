import { Module } from '@nestjs/common';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { LocksModule } from '../database/locks.module.js';
import { AddressChecker } from './addresses/address-checker.js';
import { CheckoutCosts } from './clones/checkout-cost.js';
import { CheckedMirrors } from './clones/checked-mirrors.js';
import { Clones } from './clones/clones.js';
import { Remotes } from './clones/remotes.js';
import { Mirrors } from './clones/mirrors.js';
import { SessionClone } from './clones/session-clone.js';
import { Git } from './git/git.js';
import { GitCertificates } from './git/git-certificates.js';
import { AgentCommits } from './history/agent-commits.js';
import { AgentHeads } from './history/agent-head.js';
import { Checkpoints } from './history/checkpoints.js';
import { Commits } from './history/commits.js';
import { EncodedTexts } from './history/encoded-texts.js';
import { FileEdits } from './history/file-edits.js';
import { HistoryRepository } from './history/history-repository.js';
import { History } from './history/history.js';
import { PatchFile } from './history/patch-file.js';
import { Submodules } from './history/submodules.js';
import { TenantPlaces } from './history/tenant-places.js';
import { TreeDiffs } from './history/tree-diffs.js';
import { TreeLines } from './history/tree-lines.js';
import { BaseMerge } from './history/base-merge.js';
import { TreeEdits } from './history/tree-edits.js';
import { TreeFiles } from './history/tree-files.js';
import { TreePaths } from './history/tree-paths.js';
import { TreeSearch } from './history/tree-search.js';
import { HomeLayers } from './leftovers/home-layers.js';
import { IgnoredFiles } from './leftovers/ignored-files.js';
import { Leftovers } from './leftovers/leftovers.js';
import { LfsContents } from './history/lfs-contents.js';
import { LfsFiles } from './parts/lfs-files.js';
import { LfsPointers } from './parts/lfs-pointers.js';
import { LfsServer } from './parts/lfs-server.js';
import { SubmoduleFiles } from './parts/submodule-files.js';
import { Downloads } from './storage/downloads.js';
import { Storage } from './storage/storage.js';
import { WorkspaceLimits } from './workspace-limits.js';

/**
 * Everything that the backend knows about repositories and git.
 *
 *     Clones ──► History ──► Storage      the classes that other features use
 *        │   Leftovers ─┴────────┘
 *        └──────────┴──► git/ ──► addresses/
 */
@Module({
  imports: [LocksModule],
  providers: [
    AddressChecker,
    AgentCommits,
    AgentHeads,
    CheckoutCosts,
    CheckedMirrors,
    Checkpoints,
    Clones,
    Commits,
    EncodedTexts,
    Downloads,
    FileEdits,
    Git,
    GitCertificates,
    History,
    HistoryRepository,
    HomeLayers,
    HostResolver,
    IgnoredFiles,
    Leftovers,
    LfsContents,
    LfsFiles,
    LfsPointers,
    LfsServer,
    Mirrors,
    PatchFile,
    Remotes,
    SessionClone,
    Storage,
    SubmoduleFiles,
    Submodules,
    TenantPlaces,
    TreeDiffs,
    TreeLines,
    BaseMerge,
    TreeEdits,
    TreeFiles,
    TreePaths,
    TreeSearch,
    WorkspaceLimits,
  ],
  exports: [Clones, History, Leftovers, LfsFiles, Remotes, Storage, SubmoduleFiles],
})
export class WorkspacesModule {}
