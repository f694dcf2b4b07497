import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MetricsModule } from '@saas-codex/service-kit/metrics/metrics.module';
import { waitFor } from '../wait-for.js';
import type { Config } from '../../../../apps/backend/src/config.js';
import { ConfigModule } from '../../../../apps/backend/src/config.module.js';
import { type RequestContext, systemContext } from '../../../../apps/backend/src/identity/request-context.js';
import { removeTree } from '../../../../apps/backend/src/workspaces/remove-tree.js';
import { WorkspaceLimits } from '../../../../apps/backend/src/workspaces/workspace-limits.js';
import { type WorkspaceBase, Workspaces } from '../../../../apps/backend/src/workspaces/workspaces.js';
import { WorkspacesModule } from '../../../../apps/backend/src/workspaces/workspaces.module.js';

/** The real module on a folder of its own. */
export interface WorkspacesFixture {
  root: string;
  app: INestApplicationContext;
  workspaces: Workspaces;
  ctx: RequestContext;
  limits: { -readonly [K in keyof WorkspaceLimits]: number };
  /** Makes a session on a repository (null: empty). */
  open(url: string | null, ref?: string | null): Promise<{ sessionId: string; repo: string } & WorkspaceBase>;
  close(): Promise<void>;
}

/** @param root the folder of one that was there before, as a restart finds it; else a new one */
export async function startWorkspaces(
  trustedHosts: string[] = [],
  root = mkdtempSync(join(tmpdir(), 'saas-codex-workspaces-')),
): Promise<WorkspacesFixture> {
  const config = { WORKSPACES_ROOT: root, GIT_TRUSTED_HOSTS: trustedHosts } as Config;
  class Root {}
  const app = await NestFactory.createApplicationContext(
    { module: Root, imports: [ConfigModule.with(config), MetricsModule.with({}), WorkspacesModule] },
    { logger: ['error', 'warn'] },
  );
  const workspaces = app.get(Workspaces);
  const ctx = systemContext('provisioning', 'tenant-a');
  return {
    root,
    app,
    workspaces,
    ctx,
    limits: app.get(WorkspaceLimits),
    async open(url, ref = null) {
      const sessionId = randomUUID();
      const address = url === null ? null : await workspaces.checkAddress(url);
      const base = await workspaces.create(ctx, { sessionId, address, ref }, () => {});
      return { sessionId, repo: workspaces.repoPath(sessionId), ...base };
    },
    async close() {
      await app.close();
      // The module may still be emptying its trash.
      await waitFor(() =>
        removeTree(root).then(
          () => true,
          () => false,
        ),
      );
    },
  };
}
