import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ScriptedModel, startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { freePort } from '../../../../scripts/lib/ports.mjs';
import { startGitServer } from '../git-server.js';
import { Client } from './client.js';
import { SCENARIOS } from './scenarios.js';
import { ServiceProcess } from './service-process.js';
import { StatusHistory } from './status-history.js';
import { FaultyPostgres, FaultyRedis } from './stores.js';
import { TcpProxy } from './tcp-proxy.js';
import { Watcher } from './watcher.js';

const ROOT = resolve(import.meta.dirname, '../../../..');
const TOKEN = 'test-service-token-0123456789abcdef0123456789';

/** The connections between services. Each goes through a proxy that can fail. */
const LINKS = [
  'edge',
  'api',
  'dispatch',
  'ledger',
  'backendRedis',
  'runnerRedis',
  'database',
  'model',
] as const;
export type Link = (typeof LINKS)[number];

export interface WorldOptions {
  backends?: number;
  runners?: number;
  /** Size of a separate disk for the data of Redis. */
  redisDiskMb?: number;
  settings?: Record<string, string>;
}

/*
 * The whole product as separate processes, with a network that can fail between any two of them:
 *
 *     client ─edge─► gateway ─api─► backends ─dispatch─► runners ─► jail ─► codex ─► (runner) ─model─► scripted model
 *                                    │     └─backendRedis─► Redis ◄─runnerRedis─┘
 *                                    └─database─► PostgreSQL
 */
export class FaultWorld {
  readonly watchers: Watcher[] = [];
  private prompts = 0;

  private constructor(
    readonly model: ScriptedModel,
    readonly redis: FaultyRedis,
    readonly postgres: FaultyPostgres,
    readonly links: Record<Link, TcpProxy>,
    readonly gateway: ServiceProcess,
    readonly backends: ServiceProcess[],
    readonly runners: ServiceProcess[],
    readonly client: Client,
    readonly statuses: StatusHistory,
    readonly sessions: string[],
    readonly workspaces: string,
    private readonly dispose: () => Promise<void>,
  ) {}

  /** @param sessions how many sessions to create */
  static async start(sessions: number, options: WorldOptions = {}): Promise<FaultWorld> {
    const { backends: backendCount = 2, runners: runnerCount = 2, redisDiskMb, settings = {} } = options;
    await mkdir(join(ROOT, '.data'), { recursive: true });
    // Codex does not work as usual below a temporary directory, and the paths of sockets have to be short.
    const workspaces = await mkdtemp(join(ROOT, '.data/faults-'));
    const temporary = await mkdtemp(join(tmpdir(), 'saas-codex-faults-'));
    const [git, model, redis, postgres] = await Promise.all([
      startGitServer(),
      startScriptedModel({ scenarios: SCENARIOS, pace: 1 }),
      FaultyRedis.start(redisDiskMb === undefined ? {} : { diskMb: redisDiskMb }),
      FaultyPostgres.start(),
    ]);
    const [gatewayPort = 0, ...others] = await Promise.all(
      Array.from({ length: 1 + backendCount + runnerCount }, () => freePort()),
    );
    const [backendPorts, runnerPorts] = [others.slice(0, backendCount), others.slice(backendCount)];
    const targets: Record<Link, number[]> = {
      edge: [gatewayPort],
      api: backendPorts,
      dispatch: runnerPorts,
      ledger: backendPorts,
      backendRedis: [redis.port],
      runnerRedis: [redis.port],
      database: [postgres.port],
      model: [Number(new URL(model.baseUrl).port)],
    };
    const links = {} as Record<Link, TcpProxy>;
    for (const name of LINKS) links[name] = await TcpProxy.start(name, targets[name]);

    const at = (link: Link) => `127.0.0.1:${links[link].port}`;
    const url = `http://${at('edge')}`;
    const tokenFile = join(temporary, 'owner-token');
    const shared = { WORKSPACES_ROOT: workspaces, SERVICE_TOKEN: TOKEN, TMPDIR: temporary };
    const database = new URL(postgres.url);
    database.port = `${links.database.port}`;
    const environments = {
      gateway: {
        REDIS_URL: `redis://${at('backendRedis')}`,
        BACKEND_URL: `http://${at('api')}`,
        PUBLIC_URL: url,
        RATE_LIMIT_PER_MINUTE: '1000000',
      },
      backend: {
        ...shared,
        REDIS_URL: `redis://${at('backendRedis')}`,
        DATABASE_URL: database.href,
        RUNNER_URL: `http://${at('dispatch')}`,
        AUTH_SECRET: 'test-auth-secret-0123456789abcdef0123456789',
        PUBLIC_URL: url,
        OWNER_TOKEN_FILE: tokenFile,
        SECRETS_KEY_FILE: join(temporary, 'secrets-key'),
        GIT_TRUSTED_HOSTS: git.host,
        ...settings,
      },
      runner: {
        ...shared,
        REDIS_URL: `redis://${at('runnerRedis')}`,
        BACKEND_URL: `http://${at('ledger')}`,
        CODEX_BASE_URL: `http://${at('model')}/v1`,
        CODEX_API_KEY: 'sk-scripted',
        MAX_CONCURRENT_RUNS: '8',
        SHUTDOWN_GRACE_SECONDS: '0',
        ...settings,
      },
    };
    const service = (name: keyof typeof environments) => (port: number) =>
      new ServiceProcess({ name, port, env: { HOME: temporary, ...environments[name] } });
    const gateway = service('gateway')(gatewayPort);
    const backends = backendPorts.map(service('backend'));
    const runners = runnerPorts.map(service('runner'));
    const all = [gateway, ...backends, ...runners];
    const dispose = async () => {
      await Promise.all(all.map((one) => one.stop()));
      await Promise.all(Object.values(links).map((link) => link.stop()));
      await Promise.all([model.close(), redis.stop(), postgres.stop(), git.stop()]);
      const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 5 });
      await Promise.all([workspaces, temporary].map(remove));
    };
    try {
      // The first backend creates the schema and the owner's token.
      await Promise.all([gateway, ...backends.slice(0, 1), ...runners].map((one) => one.start()));
      const statuses = await StatusHistory.install(postgres.url);
      await Promise.all(backends.slice(1).map((one) => one.start()));
      const client = await Client.create(url, tokenFile);
      const repository = await git.createRepository('subject', { 'README.md': '# Subject\n' });
      const ids: string[] = [];
      for (let n = 0; n < sessions; n++) ids.push((await client.createSession(repository)).session_id);
      return new FaultWorld(
        model,
        redis,
        postgres,
        links,
        gateway,
        backends,
        runners,
        client,
        statuses,
        ids,
        workspaces,
        dispose,
      );
    } catch (error) {
      await dispose();
      throw error;
    }
  }

  /** Sends a unique prompt. @param kind the match of a scenario in scenarios.ts */
  async prompt(session: number, kind: string): Promise<Watcher> {
    const { runId } = await this.client.prompt(this.session(session), `${kind} ${this.prompts++}.`);
    return this.watch(runId);
  }

  watch(runId: string): Watcher {
    return this.add(new Watcher(this.client, runId));
  }

  /** Watches without a proxy: only the kernel is between this client and the gateway. */
  watchDirectly(runId: string): Watcher {
    const { credential } = this.client;
    return this.add(new Watcher({ url: this.gateway.url, credential }, runId));
  }

  private add(watcher: Watcher): Watcher {
    this.watchers.push(watcher);
    return watcher;
  }

  session(n: number): string {
    return this.sessions[n % this.sessions.length] ?? '';
  }

  get services(): ServiceProcess[] {
    return [this.gateway, ...this.backends, ...this.runners];
  }

  /** The logs of the services, to examine a failure. */
  logs(): string {
    return this.services.map(({ name, log }) => `--- ${name}\n${log}`).join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.watchers.map((watcher) => watcher.stop()));
    await this.dispose();
  }
}
