import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Activity } from '@saas-codex/contracts/activity';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { RunEvent } from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { fieldOf } from '@saas-codex/event-log/redis-stream/stream-entry';
import { Redis } from 'ioredis';
import { freePort } from '../../../../scripts/lib/ports.mjs';
import { createDatabase } from '../postgres.js';
import { startRedis } from '../redis.js';
import { type GitServer, startGitServer } from '../git-server.js';
import { waitFor } from '../wait-for.js';
import { type RunnerProcess, SERVICE_TOKEN, startRunnerProcess } from '../runner/runner-process.js';
import type { ScenarioInput } from '@saas-codex/scripted-model/scenario';
import { type ScriptedModel, startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { type SlowHost, startSlowHost } from './slow-host.js';
import { startBackend, type TestBackend } from './backend.js';

const PATCH = '*** Begin Patch\n*** Add File: note-{{prompt_count}}.md\n+{{prompt}}\n*** End Patch';
/** Of a reviewer who was shown the folder of the repository. */
const REVIEW = JSON.stringify({
  findings: [
    {
      title: '[P1] Say which note',
      body: 'There is another one.',
      confidence_score: 0.9,
      priority: 1,
      code_location: { absolute_file_path: '{{output}}/note-1.md', line_range: { start: 1, end: 1 } },
    },
  ],
  overall_correctness: 'patch is incorrect',
  overall_explanation: 'One mistake.',
  overall_confidence_score: 0.8,
});

const SCENARIOS: ScenarioInput[] = [
  {
    name: 'reviews',
    match: { regex: '^Review the (current code|code) changes' },
    steps: [
      { do: 'command', cmd: 'printf %s "$PWD"' },
      { do: 'message', text: REVIEW },
    ],
  },
  {
    name: 'mends a pull request',
    match: 'cannot be merged yet',
    steps: [
      { do: 'command', cmd: 'echo mended >> mended.txt' },
      { do: 'message', text: 'Mended.' },
    ],
  },
  {
    name: 'adds a file',
    match: 'Note',
    steps: [
      { do: 'patch', patch: PATCH },
      { do: 'message', text: 'Noted.' },
    ],
  },
  {
    name: 'prints more than a megabyte',
    match: 'Print',
    steps: [
      ...Array.from({ length: 20 }, () => ({
        do: 'command' as const,
        cmd: 'head -c 150000 /dev/zero | tr "\\0" x',
      })),
      { do: 'message', text: 'Printed.' },
    ],
  },
  {
    name: 'uses many tokens in each of three model calls',
    match: 'Spend',
    steps: [
      { do: 'huge', chars: 20_000 },
      { do: 'command', cmd: 'true' },
      { do: 'huge', chars: 20_000 },
      { do: 'command', cmd: 'true' },
      { do: 'message', text: 'Spent.' },
    ],
  },
  {
    name: 'looks at the images of the prompt',
    match: 'Look',
    steps: [
      {
        do: 'command',
        cmd: 'ls /run/jail/images; sha256sum /run/jail/images/1.png; echo x > /run/jail/images/1.png; git status --short',
      },
      { do: 'message', text: 'Looked.' },
    ],
  },
  {
    name: 'runs a script of the repository',
    match: 'Script',
    steps: [
      { do: 'command', cmd: '. ./script.sh' },
      { do: 'message', text: 'Ran it.' },
    ],
  },
  {
    name: 'runs a command until the test makes a file',
    match: 'Work until',
    steps: [
      { do: 'command', cmd: 'until [ -e go ]; do sleep 0.05; done' },
      { do: 'message', text: 'Worked.' },
    ],
  },
  {
    name: 'runs the prompt as a command',
    match: { regex: '^: run\\b' },
    steps: [
      { do: 'command', cmd: '{{prompt}}' },
      { do: 'message', text: 'Done.' },
    ],
  },
  {
    name: 'works until it is cancelled',
    match: 'Hold',
    steps: [
      { do: 'gate', name: 'never' },
      { do: 'message', text: 'Held.' },
    ],
  },
];

export interface Answer<T> {
  status: number;
  /** The body, with the fields of a problem document if it is one. */
  body: T & { code?: ProblemCode; detail?: string };
}

/** A backend with everything real around it: Postgres, Redis, git over HTTP, a runner with Codex, a scripted model. */
export class SessionsWorld {
  private readonly cleanups: (() => Promise<unknown>)[] = [];
  private readonly backends: TestBackend[] = [];
  private settings: Parameters<typeof startBackend>[0] = {};
  private runnerSettings: Record<string, string> = {};
  private runner: RunnerProcess | undefined;
  private secondRunner: RunnerProcess | undefined;
  private backendPorts: number[];
  backend: TestBackend;
  git: GitServer;
  model: ScriptedModel;
  redis: Redis;
  slowHost: SlowHost;
  root: string;

  /** Starts everything except the runner. @param scenarios what the model does, besides what it does anyway */
  static async create(
    settings: SessionsWorld['settings'] = {},
    runnerSettings: Record<string, string> = {},
    scenarios: ScenarioInput[] = [],
  ): Promise<SessionsWorld> {
    const world = new SessionsWorld();
    const [redis, database, git, slowHost, model, root, port] = await Promise.all([
      startRedis(),
      createDatabase(),
      startGitServer(),
      startSlowHost(),
      startScriptedModel({ scenarios: [...scenarios, ...SCENARIOS] }),
      // Codex refuses to work as usual under a temporary directory.
      mkdtemp(join(homedir(), '.saas-codex-test-')),
      freePort(),
    ]);
    Object.assign(world, { git, slowHost, model, root, redis: new Redis(redis.url) });
    world.restartRedis = () => redis.restart();
    // Backends come and go, and runners know them by their addresses.
    world.backendPorts = [await freePort(), await freePort()];
    const common = { REDIS_URL: redis.url, WORKSPACES_ROOT: world.root, SERVICE_TOKEN };
    world.runnerSettings = {
      ...common,
      PORT: String(port),
      BACKEND_URL: world.backendPorts.map((backend) => `http://127.0.0.1:${backend}`).join(','),
      CODEX_BASE_URL: world.model.baseUrl,
      SHUTDOWN_GRACE_SECONDS: '0',
      ...runnerSettings,
    };
    world.settings = {
      ...settings,
      ...common,
      DATABASE_URL: database.url,
      RUNNER_URL: `http://127.0.0.1:${port}`,
      GIT_TRUSTED_HOSTS: [world.git.host, world.slowHost.host, settings.GIT_TRUSTED_HOSTS ?? []]
        .flat()
        .join(','),
      OWNER_TOKEN_FILE: join(world.root, 'owner-token'),
      SECRETS_KEY_FILE: join(world.root, 'secrets-key'),
    };
    world.cleanups.push(
      () => rm(world.root, { recursive: true, force: true, maxRetries: 5 }),
      () => redis.stop(),
      async () => world.redis.disconnect(),
      () => database.drop(),
      () => world.git.stop(),
      () => world.slowHost.stop(),
      () => world.model.close(),
    );
    world.backend = await world.startBackend();
    return world;
  }

  /** Starts another backend on the same database, Redis and folders. Runners reach two at a time. */
  async startBackend(): Promise<TestBackend> {
    const taken = this.backends.map(({ url }) => Number(new URL(url).port));
    const port = this.backendPorts.find((one) => !taken.includes(one)) ?? 0;
    const backend = await startBackend({ ...this.settings, PORT: String(port) });
    this.backends.push(backend);
    return backend;
  }

  async closeBackend(backend: TestBackend): Promise<void> {
    this.backends.splice(this.backends.indexOf(backend), 1);
    await backend.stop();
  }

  async startRunner(settings: Record<string, string> = {}): Promise<void> {
    this.runner = await startRunnerProcess({ ...this.runnerSettings, ...settings });
  }

  async endRunner(): Promise<void> {
    await this.runner?.end('SIGKILL');
    this.runner = undefined;
  }

  /** Kills Redis and starts it again on the same data. */
  restartRedis: () => Promise<void>;

  /** Another runner, which takes runs from the same queue. */
  async startSecondRunner(): Promise<void> {
    const PORT = String(await freePort());
    this.secondRunner = await startRunnerProcess({ ...this.runnerSettings, PORT });
  }

  async endSecondRunner(): Promise<void> {
    await this.secondRunner?.end('SIGKILL');
    this.secondRunner = undefined;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.stop()));
    await this.endRunner();
    await this.endSecondRunner();
    await Promise.all(this.cleanups.map((cleanup) => cleanup()));
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

  /** The run's log so far. */
  async log(runId: string): Promise<RunEvent[]> {
    const entries = await this.redis.xrange(REDIS_KEYS.runEvents(runId), '-', '+');
    return entries.map(([, fields]) =>
      RunEvent.parse(JSON.parse(fieldOf(fields, STREAM_FIELDS.event) ?? '')),
    );
  }

  /** The session's entries in its tenant's activity stream so far. */
  async activity(sessionId: string): Promise<Activity[]> {
    const streams = await this.redis.keys(REDIS_KEYS.activity('*'));
    const entries = await Promise.all(streams.map((stream) => this.redis.xrange(stream, '-', '+')));
    return entries
      .flat()
      .map(([, fields]) => Activity.parse(JSON.parse(fieldOf(fields, STREAM_FIELDS.event) ?? '')))
      .filter((activity) => activity.session_id === sessionId);
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

  async prompt(sessionId: string, prompt: string, images?: string[]): Promise<Run> {
    return (await this.call<Run>('POST', `/api/sessions/${sessionId}/prompt`, { prompt, images })).body;
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
        return statuses.includes(body.status) ? body : null;
      },
      { what: `run ${id} to be ${statuses.join(' or ')}` },
    );
  }

  sessionIs(id: string, status: Session['status']): Promise<Session> {
    return waitFor(
      async () => {
        const session = await this.session(id);
        return session.status === status ? session : null;
      },
      { what: `session ${id} to be ${status}` },
    );
  }
}
