import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import { ensureGrants, ensureRoles } from './database-roles.js';
import { LOCK, type Locks } from './locks.js';
import { AddAgentHeads1796700000000 } from './migrations/add-agent-heads.js';
import { AddIncludedParts1796800000000 } from './migrations/add-included-parts.js';
import { AddEdits1796506000000 } from './migrations/add-edits.js';
import { AddForgeWorkspaces1796602000000 } from './migrations/add-forge-workspaces.js';
import { AddGithubApps1796509000000 } from './migrations/add-github-apps.js';
import { AddHeldPrompts1795930000000 } from './migrations/add-held-prompts.js';
import { AddNetworkAndSetup1795485000000 } from './migrations/add-network-and-setup.js';
import { AddProposals1796511000000 } from './migrations/add-proposals.js';
import { AddQueueEdits1796206000000 } from './migrations/add-queue-edits.js';
import { AddReasoningEffort1796206000001 } from './migrations/add-reasoning-effort.js';
import { AddRepositoryTrust1795960100000 } from './migrations/add-repository-trust.js';
import { AddRetention1795488000000 } from './migrations/add-retention.js';
import { AddRewinds1796304000000 } from './migrations/add-rewinds.js';
import { AddRowSecurity1795960200000 } from './migrations/add-row-security.js';
import { AddRunAuthors1796100300000 } from './migrations/add-run-authors.js';
import { AddNeedsYou1796207000000 } from './migrations/add-needs-you.js';
import { AddPasskeys1796100301000 } from './migrations/add-passkeys.js';
import { AddSecondFactors1796100300000 } from './migrations/add-second-factors.js';
import { AddReviews1796305000000 } from './migrations/add-reviews.js';
import { AddRunInput1795912000000 } from './migrations/add-run-input.js';
import { AddRunResults1795931000000 } from './migrations/add-run-results.js';
import { AddSessionNotices1795945000000 } from './migrations/add-session-notices.js';
import { AddSigningKeys1796510100000 } from './migrations/add-signing-keys.js';
import { AddSignInUse1795960400000 } from './migrations/add-sign-in-use.js';
import { AddLastRunStatus1796100700000 } from './migrations/add-last-run-status.js';
import { AddSessionOwner1796100200000 } from './migrations/add-session-owner.js';
import { AddSessionVisibility1796000500000 } from './migrations/add-session-visibility.js';
import { AddTenantDeletion1796000300000 } from './migrations/add-tenant-deletion.js';
import { AddProviderAccounts1796000700000 } from './migrations/add-provider-accounts.js';
import { AddTraceparent1795489000000 } from './migrations/add-traceparent.js';
import { AddViewerRole1795960300000 } from './migrations/add-viewer-role.js';
import { CreateAuditEntries1796100600000 } from './migrations/create-audit-entries.js';
import { CreateAuditWebhooks1796204000000 } from './migrations/create-audit-webhooks.js';
import { CreateComments1796504000000 } from './migrations/create-comments.js';
import { CreateEvidence1796507000000 } from './migrations/create-evidence.js';
import { CreateConnectedForges1796502000000 } from './migrations/create-connected-forges.js';
import { CreateGitCredentials1796400000000 } from './migrations/create-git-credentials.js';
import { AddKeepGreen1796513000000 } from './migrations/add-keep-green.js';
import { AddNetworkQuestions1796508000000 } from './migrations/add-network-questions.js';
import { CreateIdempotencyKeys1795470000001 } from './migrations/create-idempotency-keys.js';
import { CreateIdentity1795470000000 } from './migrations/create-identity.js';
import { CreateModelCalls1796100500000 } from './migrations/create-model-calls.js';
import { CreateRunEvents1795486000000 } from './migrations/create-run-events.js';
import { CreatePullRequests1796503000000 } from './migrations/create-pull-requests.js';
import { CreateRepositoryRules1796510000000 } from './migrations/create-repository-rules.js';
import { CreateRuns1795474000001 } from './migrations/create-runs.js';
import { CreateReviewProgress1796505000000 } from './migrations/create-review-progress.js';
import { CreateRunSteers1796301000000 } from './migrations/create-run-steers.js';
import { CreateScimUsers1796202000000 } from './migrations/create-scim-users.js';
import { CreateSecrets1796100400000 } from './migrations/create-secrets.js';
import { CreateServiceAccounts1796000600000 } from './migrations/create-service-accounts.js';
import { CreateShipping1796501000000 } from './migrations/create-shipping.js';
import { CreateShareLinks1796100700001 } from './migrations/create-share-links.js';
import { CreateApprovals1796302000000 } from './migrations/create-approvals.js';
import { CreateSessionImages1796208000000 } from './migrations/create-session-images.js';
import { CreateSessions1795474000000 } from './migrations/create-sessions.js';

/**
 * Every migration, oldest first. One class per file in `migrations/`, named `<What><milliseconds since 1970>`. TypeORM sorts
 * by that number and runs each migration once, so a published migration must not be edited.
 */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  CreateIdentity1795470000000,
  CreateIdempotencyKeys1795470000001,
  CreateSessions1795474000000,
  CreateRuns1795474000001,
  AddNetworkAndSetup1795485000000,
  CreateRunEvents1795486000000,
  AddRetention1795488000000,
  AddTraceparent1795489000000,
  AddRunInput1795912000000,
  AddHeldPrompts1795930000000,
  AddRunResults1795931000000,
  AddSessionNotices1795945000000,
  AddRepositoryTrust1795960100000,
  AddRowSecurity1795960200000,
  AddViewerRole1795960300000,
  AddSignInUse1795960400000,
  AddTenantDeletion1796000300000,
  AddSessionVisibility1796000500000,
  CreateServiceAccounts1796000600000,
  AddProviderAccounts1796000700000,
  AddSessionOwner1796100200000,
  AddRunAuthors1796100300000,
  AddSecondFactors1796100300000,
  AddPasskeys1796100301000,
  CreateSecrets1796100400000,
  CreateModelCalls1796100500000,
  CreateAuditEntries1796100600000,
  AddLastRunStatus1796100700000,
  CreateShareLinks1796100700001,
  CreateScimUsers1796202000000,
  CreateAuditWebhooks1796204000000,
  AddQueueEdits1796206000000,
  AddReasoningEffort1796206000001,
  AddNeedsYou1796207000000,
  CreateSessionImages1796208000000,
  CreateRunSteers1796301000000,
  CreateApprovals1796302000000,
  AddRewinds1796304000000,
  AddReviews1796305000000,
  CreateGitCredentials1796400000000,
  CreateShipping1796501000000,
  CreateConnectedForges1796502000000,
  CreatePullRequests1796503000000,
  CreateComments1796504000000,
  CreateReviewProgress1796505000000,
  AddEdits1796506000000,
  CreateEvidence1796507000000,
  AddNetworkQuestions1796508000000,
  AddGithubApps1796509000000,
  CreateRepositoryRules1796510000000,
  AddSigningKeys1796510100000,
  AddProposals1796511000000,
  AddKeepGreen1796513000000,
  AddForgeWorkspaces1796602000000,
  AddAgentHeads1796700000000,
  AddIncludedParts1796800000000,
];

/**
 * Brings the schema and its roles up to date. Backends that start together take turns, so each migration runs once.
 * @throws ConfigError when the user of DATABASE_URL lacks a right
 */
export const migrate = (locks: Locks, options: DataSourceOptions): Promise<void> =>
  locks.withLock(LOCK.migration, async () => {
    const dataSource = await new DataSource(options).initialize();
    try {
      await ensureRoles(dataSource);
      await dataSource.runMigrations({ transaction: 'each' });
      await ensureGrants(dataSource);
    } finally {
      await dataSource.destroy();
    }
  });
