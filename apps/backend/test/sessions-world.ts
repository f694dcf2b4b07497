import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { createDatabase } from '../../../tests/support/postgres.js';
import { startRedis } from '../../../tests/support/redis.js';
import { type GitServer, startGitServer } from '../../../tests/support/git-server.js';
import { waitFor } from '../../../tests/support/wait-for.js';
import {
  type RunnerProcess,
  SERVICE_TOKEN,
  startRunnerProcess,
} from '../../runner/test/support/runner-process.js';
import type { ScenarioInput } from '../../runner/src/scripted-model/scenario.js';
import { type ScriptedModel, startScriptedModel } from '../../runner/src/scripted-model/scripted-model.js';
import { startBackend, type TestBackend } from './support.js';

export interface Answer<T> {
  status: number;
  body: T & Partial<Problem>;
}

/** A backend with everything real around it: Postgres, Redis, git over HTTP, a runner with Codex, a scripted model. */
export class SessionsWorld {
  private readonly cleanups: (() => Promise<unknown>)[] = [];
  private readonly backends: TestBackend[] = [];
  private settings: Parameters<typeof startBackend>[0] = {};
  private runnerSettings: Record<string, string> = {};
  private runner: RunnerProcess | undefined;
  backend: TestBackend;
  git: GitServer;
  model: ScriptedModel;
  root: string;

  /** Starts all but the runner. */
  static async create(scenarios: ScenarioInput[]): Promise<SessionsWorld> {
    const world = new SessionsWorld();
    const redis = await startRedis();
    const database = await createDatabase();
    world.git = await startGitServer();
    world.model = await startScriptedModel({ scenarios });
    // Codex refuses to work as usual under a temporary directory.
    world.root = await mkdtemp(join(homedir(), '.saas-codex-test-'));
    const port = await freePort();
    const common = { REDIS_URL: redis.url, WORKSPACES_ROOT: world.root, SERVICE_TOKEN };
    world.runnerSettings = {
      ...common,
      PORT: String(port),
      CODEX_BASE_URL: world.model.baseUrl,
      SHUTDOWN_GRACE_SECONDS: '0',
    };
    world.settings = {
      ...common,
      DATABASE_URL: database.url,
      RUNNER_URL: `http://127.0.0.1:${port}`,
      GIT_TRUSTED_HOSTS: world.git.host,
      OWNER_TOKEN_FILE: join(world.root, 'owner-token'),
    };
    world.cleanups.push(
      () => rm(world.root, { recursive: true, force: true, maxRetries: 5 }),
      () => redis.stop(),
      () => database.drop(),
      () => world.git.stop(),
      () => world.model.close(),
    );
    world.backend = await world.startBackend();
    return world;
  }

  /** One more backend on the same database, Redis and folders. */
  async startBackend(): Promise<TestBackend> {
    const backend = await startBackend(this.settings);
    this.backends.push(backend);
    return backend;
  }

  async closeBackend(backend: TestBackend): Promise<void> {
    this.backends.splice(this.backends.indexOf(backend), 1);
    await backend.close();
  }

  async startRunner(): Promise<void> {
    this.runner = await startRunnerProcess(this.runnerSettings);
  }

  async endRunner(): Promise<void> {
    await this.runner?.end('SIGKILL');
    this.runner = undefined;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.close()));
    await this.endRunner();
    for (const cleanup of this.cleanups.reverse()) await cleanup();
  }

  async call<T>(method: string, path: string, body?: unknown, headers = {}): Promise<Answer<T>> {
    const response = await this.backend.fetch(path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer<T>['body'] };
  }

  create(body: unknown, headers?: Record<string, string>): Promise<Answer<Session>> {
    return this.call('POST', '/api/sessions', body, headers);
  }

  /** A session that is being set up, or waits for a runner. */
  async begin(body: unknown = {}): Promise<Session> {
    return (await this.create(body, { prefer: 'respond-async' })).body;
  }

  async session(id: string): Promise<Session> {
    return (await this.call<Session>('GET', `/api/sessions/${id}`)).body;
  }

  async prompt(sessionId: string, prompt: string): Promise<Run> {
    return (await this.call<Run>('POST', `/api/sessions/${sessionId}/prompt`, { prompt })).body;
  }

  /** The session's runs, oldest first. */
  async runs(sessionId: string): Promise<Run[]> {
    return (await this.call<RunPage>('GET', `/api/sessions/${sessionId}/runs`)).body.items.toReversed();
  }

  /** Waits until the run has one of the statuses. */
  runIs(id: string, ...statuses: Run['status'][]): Promise<Run> {
    return waitFor(
      async () => {
        const { body } = await this.call<Run>('GET', `/api/runs/${id}`);
        return statuses.includes(body.status) && body;
      },
      { what: `run ${id} to be ${statuses.join(' or ')}` },
    );
  }

  sessionIs(id: string, status: Session['status']): Promise<Session> {
    return waitFor(
      async () => {
        const session = await this.session(id);
        return session.status === status && session;
      },
      { what: `session ${id} to be ${status}` },
    );
  }
}
