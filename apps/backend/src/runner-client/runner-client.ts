import { text } from 'node:stream/consumers';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Unrecognized } from '@saas-codex/contracts/open-reading';
import { Problem, type ProblemCode } from '@saas-codex/contracts/problems';
import {
  type AnswerRun,
  ConversationCut,
  type CreateThread,
  type CutConversation,
  type PackCommits,
  PackedCommits,
  type RestoreFiles,
  RunHolding,
  RunStarted,
  type StartRun,
  type SteerRunning,
  ThreadCreated,
  type WarmThread,
} from '@saas-codex/contracts/runner-api';
import { SystemInfo } from '@saas-codex/contracts/system';
import { ReplicaClient } from '@saas-codex/service-kit/replicas/replica-client';
import type { z } from 'zod';
import { CONFIG, type Config } from '../config.js';

const TIMEOUT_MS = 10_000;
/** How long one runner may take before another is asked. */
const REPLICA_TIMEOUT_MS = 4_000;

interface CallOptions {
  headers?: Record<string, string>;
  timeoutMs?: number;
  replicaTimeoutMs?: number;
}

/** A work tree may be large. Only one runner does it: nobody else is asked meanwhile. */
const SLOW: CallOptions = { timeoutMs: 10 * 60_000, replicaTimeoutMs: 10 * 60_000 };

interface Answer {
  status: number;
  text: string;
}

/** No usable response: the runner is down, too slow, broken, or rejects our service token. A retry may help. */
export class RunnerUnavailable extends Error {
  override name = 'RunnerUnavailable';
}

/** The runner understood the request and refused it: a retry does not help. A newer runner may have codes of its own. */
export class RunnerRefused extends Error {
  override name = 'RunnerRefused';

  constructor(
    readonly code: ProblemCode | Unrecognized,
    readonly detail: string,
    readonly status: number,
  ) {
    super(`${code}: ${detail}`);
  }
}

/**
 * Client of the runner's HTTP API (contracts/runner-api.ts). Every runner accepts every call, and every call may be repeated,
 * also to another runner: threads are identified by their session, runs by their id, a cancel by its run, and an answer by its question.
 * @throws RunnerUnavailable, RunnerRefused
 */
@Injectable()
export class RunnerClient implements OnApplicationShutdown {
  private readonly runners: ReplicaClient;

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'RUNNER_URL' | 'SERVICE_TOKEN'>) {
    this.runners = new ReplicaClient(config.RUNNER_URL);
  }

  onApplicationShutdown(): void {
    this.runners.close();
  }

  createThread(thread: CreateThread): Promise<ThreadCreated> {
    return this.call('POST', '/threads', ThreadCreated, thread);
  }

  /** Has Codex started for the thread's next run, where that is possible. */
  async warmThread(threadId: string, settings: WarmThread): Promise<void> {
    await this.call('POST', `/threads/${threadId}/warm`, undefined, settings);
  }

  /** @throws RunnerRefused `turn_unknown` */
  cutConversation(threadId: string, cut: CutConversation): Promise<ConversationCut> {
    return this.call('POST', `/threads/${threadId}/conversations`, ConversationCut, cut, SLOW);
  }

  /** What the thread's next turn continues. */
  async setConversation(threadId: string, conversation: string | null): Promise<void> {
    await this.call('PUT', `/threads/${threadId}/conversation`, undefined, { conversation }, SLOW);
  }

  /** @throws RunnerRefused `restore_failed` */
  async restoreFiles(threadId: string, restore: RestoreFiles): Promise<void> {
    await this.call('PUT', `/threads/${threadId}/files`, undefined, restore, SLOW);
  }

  /** @throws RunnerRefused `agent_commits_refused` */
  packCommits(threadId: string, request: PackCommits): Promise<PackedCommits> {
    return this.call('POST', `/threads/${threadId}/pack`, PackedCommits, request, SLOW);
  }

  startRun(run: StartRun): Promise<RunStarted> {
    const { traceparent } = run;
    const options = traceparent === undefined ? {} : { headers: { traceparent } };
    return this.call('POST', '/runs', RunStarted, run, options);
  }

  async isHeld(runId: string): Promise<boolean> {
    return (await this.call('GET', `/runs/${runId}`, RunHolding)).held;
  }

  /** Answers a question of the run. It takes effect when its log says so. */
  async answerRun(runId: string, answer: AnswerRun): Promise<void> {
    await this.call('POST', `/runs/${runId}/answer`, undefined, answer);
  }

  /** Requests the run's end. The run has ended when its log says so. */
  async cancelRun(runId: string): Promise<void> {
    await this.call('POST', `/runs/${runId}/cancel`);
  }

  /** Sends a message to a run. `steer.delivered` in its log says that the agent has it. */
  async steerRun(runId: string, steer: SteerRunning): Promise<void> {
    await this.call('POST', `/runs/${runId}/steer`, undefined, steer);
  }

  system(): Promise<SystemInfo> {
    return this.call('GET', '/system', SystemInfo);
  }

  private async call<T = undefined>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    answer?: z.ZodType<T>,
    body?: object,
    options: CallOptions = {},
  ): Promise<T> {
    const answered = await this.send(method, path, options, body);
    const { status } = answered;
    const json = parseJson(answered.text);
    if (status >= 200 && status < 300) {
      if (!answer) return undefined as T;
      const parsed = answer.safeParse(json);
      if (parsed.success) return parsed.data;
      throw new RunnerUnavailable(`${method} ${path} gave an answer that breaks the contract`);
    }
    const problem = Refusal.safeParse(json);
    if (problem.success && isRefusal(status)) {
      throw new RunnerRefused(problem.data.code, problem.data.detail, status);
    }
    throw new RunnerUnavailable(`${method} ${path} answered ${status}`);
  }

  private async send(
    method: string,
    path: string,
    { headers: extra, timeoutMs = TIMEOUT_MS, replicaTimeoutMs = REPLICA_TIMEOUT_MS }: CallOptions,
    body?: object,
  ): Promise<Answer> {
    const json = body && JSON.stringify(body);
    const headers = {
      ...extra,
      authorization: `Bearer ${this.config.SERVICE_TOKEN}`,
      ...(json && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await this.runners.sendRequest(
        { method, path, headers, signal },
        { write: (request) => request.end(json), repeatable: true, responseTimeoutMs: replicaTimeoutMs },
      );
      return { status: response.statusCode ?? 0, text: await text(response) };
    } catch (error) {
      throw new RunnerUnavailable(`${method} ${path} got no answer`, { cause: error });
    }
  }
}

/** The part of a problem document that is used; the rest of it may change. */
const Refusal = Problem.pick({ code: true, detail: true });

/** Not a wrong service token (401, 403), a timeout (408) or overload (429): those are not the request's fault. */
const isRefusal = (status: number) => status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
