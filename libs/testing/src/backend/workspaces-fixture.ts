import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MetricsModule } from '@saas-codex/service-kit/metrics/metrics.module';
import { createDatabase } from '../postgres.js';
import { waitFor } from '../wait-for.js';
import type { Config } from '../../../../apps/backend/src/config.js';
import { ConfigModule } from '../../../../apps/backend/src/config.module.js';
import { type RequestContext, systemContext } from '../../../../apps/backend/src/identity/request-context.js';
import { Clones, type WorkspaceBase } from '../../../../apps/backend/src/workspaces/clones/clones.js';
import { History } from '../../../../apps/backend/src/workspaces/history/history.js';
import { removeTree } from '../../../../apps/backend/src/workspaces/storage/remove-tree.js';
import { Storage } from '../../../../apps/backend/src/workspaces/storage/storage.js';
import { WorkspaceLimits } from '../../../../apps/backend/src/workspaces/workspace-limits.js';
import { WorkspacesModule } from '../../../../apps/backend/src/workspaces/workspaces.module.js';

/** The real module, on a folder of its own. */
export interface WorkspacesFixture {
  root: string;
  databaseUrl: string;
  app: INestApplicationContext;
  clones: Clones;
  history: History;
  storage: Storage;
  ctx: RequestContext;
  limits: { -readonly [K in keyof WorkspaceLimits]: number };
  /** Makes the workspace of a new session. @param url of its repository; null: an empty one */
  openSession(
    url: string | null,
    ref?: string | null,
  ): Promise<{ sessionId: string; repo: string } & WorkspaceBase>;
  close(): Promise<void>;
}

/**
 * @param root the folder of an earlier fixture, as a restart finds it. By default a new one.
 * @param settings further ones
 */
export async function startWorkspaces(
  trustedHosts: string[] = [],
  root = mkdtempSync(join(tmpdir(), 'saas-codex-workspaces-')),
  settings: Partial<Config> = {},
): Promise<WorkspacesFixture> {
  const database = await createDatabase();
  const config = {
    DATABASE_URL: database.url,
    WORKSPACES_ROOT: root,
    GIT_TRUSTED_HOSTS: trustedHosts,
    ...settings,
  } as Config;
  class Root {}
  const app = await NestFactory.createApplicationContext(
    { module: Root, imports: [ConfigModule.with(config), MetricsModule.with({}), WorkspacesModule] },
    { logger: ['error', 'warn'] },
  );
  const clones = app.get(Clones);
  const storage = app.get(Storage);
  const ctx = systemContext('provisioning', 'tenant-a');
  return {
    root,
    databaseUrl: database.url,
    app,
    clones,
    history: app.get(History),
    storage,
    ctx,
    limits: app.get(WorkspaceLimits),
    async openSession(url, ref = null) {
      const sessionId = randomUUID();
      const base = await clones.createWorkspace(ctx, sessionId, { repoUrl: url, ref }, () => {});
      return { sessionId, repo: storage.repoPath(sessionId), ...base };
    },
    async close() {
      await app.close();
      await database.drop();
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
