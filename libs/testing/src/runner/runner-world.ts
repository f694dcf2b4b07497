import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type EventData,
  type EventType,
  isTerminalEventType,
  RunEvent,
  type RunEventOf,
} from '@saas-codex/contracts/events';
import type { NetworkInput } from '@saas-codex/contracts/network';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../redis.js';
import { waitFor } from '../wait-for.js';
import type { ScenarioInput } from '@saas-codex/scripted-model/scenario';
import { type ScriptedModel, startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { type RunnerProcess, startRunnerProcess } from './runner-process.js';

const run = promisify(execFile);
export const MODEL_KEY = 'sk-the-real-key-0123456789abcdef';

/** What runners need: Redis, a model server that plays scenarios, and workspaces. */
export class RunnerWorld {
  private readonly runners: RunnerProcess[] = [];

  private constructor(
    readonly redis: Redis,
    readonly model: ScriptedModel,
    readonly root: string,
    private readonly temporary: string,
    private readonly server: TestRedis,
  ) {}

  static async create(scenarios: ScenarioInput[]): Promise<RunnerWorld> {
    const [server, model, root, temporary] = await Promise.all([
      startRedis(),
      startScriptedModel({ scenarios, apiKey: MODEL_KEY }),
      // Codex does not work as usual below a temporary directory.
      mkdtemp(join(homedir(), '.saas-codex-test-')),
      // For sockets, whose paths must be short: not below `root`.
      mkdtemp(join(tmpdir(), 'saas-codex-test-')),
    ]);
    return new RunnerWorld(new Redis(server.url), model, root, temporary, server);
  }

  /** @param group the control group to start it in */
  async startRunner(settings: Record<string, string> = {}, group?: string): Promise<RunnerProcess> {
    const surroundings = {
      REDIS_URL: this.server.url,
      WORKSPACES_ROOT: this.root,
      TMPDIR: this.temporary,
      CODEX_BASE_URL: this.model.baseUrl,
      CODEX_API_KEY: MODEL_KEY,
      SHUTDOWN_GRACE_SECONDS: '0',
    };
    const runner = await startRunnerProcess({ ...surroundings, ...settings }, group);
    this.runners.push(runner);
    return runner;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.end('SIGKILL')));
    this.redis.disconnect();
    const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 5 });
    await Promise.all([this.model.close(), this.server.stop(), ...[this.root, this.temporary].map(remove)]);
  }

  /** Kills Redis and starts it again. */
  restartRedis(): Promise<void> {
    return this.server.restart();
  }

  folder(sessionId: string, ...path: string[]): string {
    return join(this.root, sessionId, ...path);
  }

  exists(sessionId: string, ...path: string[]): Promise<boolean> {
    return access(this.folder(sessionId, ...path)).then(
      () => true,
      () => false,
    );
  }

  async write(sessionId: string, ...path: string[]): Promise<void> {
    await writeFile(this.folder(sessionId, ...path), '');
  }

  /** A workspace with an empty repository. */
  async createWorkspace(): Promise<string> {
    const sessionId = randomUUID();
    await mkdir(this.folder(sessionId, 'repo'), { recursive: true });
    await run('git', ['init', '-q', this.folder(sessionId, 'repo')]);
    return sessionId;
  }

  async createThread(runner: RunnerProcess): Promise<string> {
    const sessionId = await this.createWorkspace();
    const workingDirectory = this.folder(sessionId, 'repo');
    const { status, body } = await runner.call('POST', '/threads', {
      workingDirectory,
      skipGitRepoCheck: true,
    });
    if (status >= 400) throw new Error(`The runner makes no thread: ${JSON.stringify(body)}`);
    return String(body['threadId']);
  }

  async startRun(
    runner: RunnerProcess,
    threadId: string,
    prompt: string,
    network?: NetworkInput,
  ): Promise<string> {
    const { body } = await runner.call('POST', '/runs', { threadId, prompt, ...(network && { network }) });
    return String(body['runId']);
  }

  /** The run's log so far, with its deltas. */
  async log(runId: string): Promise<RunEvent[]> {
    return (await this.redis.xrange(REDIS_KEYS.runEvents(runId), '-', '+')).map(parseEntry);
  }

  /** The run's whole log, once it has ended. */
  async ended(runId: string, timeoutMs?: number): Promise<RunEvent[]> {
    await waitFor(
      async () => {
        const entries = await this.redis.xrevrange(REDIS_KEYS.runEvents(runId), '+', '-', 'COUNT', 1);
        return entries.map(parseEntry).some(({ type }) => isTerminalEventType(type));
      },
      { timeoutMs, what: `run ${runId} to end` },
    );
    return this.log(runId);
  }

  async started(runId: string): Promise<void> {
    await waitFor(async () => (await this.log(runId)).length > 0, { what: `run ${runId} to start` });
  }

  /** Number of requests to the model in turns with this prompt. */
  requestsFor(prompt: string): number {
    return this.model.requests.filter(({ prompts }) => prompts.at(-1)?.includes(prompt)).length;
  }
}

const parseEntry = ([, fields]: [id: string, fields: string[]]): RunEvent =>
  RunEvent.parse(JSON.parse(String(fields[fields.indexOf('event') + 1])));

export function dataOf<T extends EventType>(events: RunEvent[], type: T): EventData<T>[] {
  return events
    .filter((event): event is RunEvent & RunEventOf<T> => event.type === type)
    .map((event) => event.data);
}

/** Processes of this machine with the text in their command line. */
export async function processesNaming(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => lines[index]?.includes(text));
}

/** Each Codex in a jail with the text in its command line, such as the folder of its session. */
export async function jailedCodex(text: string): Promise<number[]> {
  const [all, own] = await Promise.all([processesNaming('/run/jail/codex/bin/codex'), processesNaming(text)]);
  return all.filter((pid) => own.includes(pid));
}

/** Processes of this machine with the text in their environment. */
export async function processesWith(text: string): Promise<{ pid: number; environment: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(
    pids.map(async (pid) => ({
      pid,
      environment: await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
    })),
  );
  return all.filter(({ environment }) => environment.includes(text));
}
