import { Inject, Injectable } from '@nestjs/common';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { Problem } from '@saas-codex/contracts/problems';
import {
  type CreateThread,
  RunHolding,
  RunStarted,
  type StartRun,
  ThreadCreated,
} from '@saas-codex/contracts/runner-api';
import { SystemInfo } from '@saas-codex/contracts/system';
import type { z } from 'zod';
import { CONFIG, type Config } from '../config.js';

const TIMEOUT_MS = 10_000;

/** No usable answer: the runner is away, too slow, broken or does not know our service token. Trying again may help. */
export class RunnerUnavailable extends Error {
  override name = 'RunnerUnavailable';
}

/** The runner understood and said no: trying again does not help. */
export class RunnerRefused extends Error {
  override name = 'RunnerRefused';

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`);
  }
}

/**
 * The runner's HTTP API (contracts/runner-api.ts). Every call may be sent again: threads go by their session, runs
 * by their id, a cancel by its run.
 * @throws RunnerUnavailable, RunnerRefused
 */
@Injectable()
export class RunnerClient {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  createThread(thread: CreateThread): Promise<ThreadCreated> {
    return this.call('POST', '/threads', ThreadCreated, thread);
  }

  startRun(run: StartRun): Promise<RunStarted> {
    return this.call('POST', '/runs', RunStarted, run);
  }

  async isHeld(runId: string): Promise<boolean> {
    return (await this.call('GET', `/runs/${runId}`, RunHolding)).held;
  }

  /** Asks for the run's end; it has ended when its log says so. */
  async cancelRun(runId: string): Promise<void> {
    await this.call('POST', `/runs/${runId}/cancel`);
  }

  system(): Promise<SystemInfo> {
    return this.call('GET', '/system', SystemInfo);
  }

  private async call<T = undefined>(
    method: 'GET' | 'POST',
    path: string,
    answer?: z.ZodType<T>,
    body?: object,
  ): Promise<T> {
    const { status, text } = await this.send(method, path, body);
    const json = parseJson(text);
    if (status >= 200 && status < 300) {
      if (!answer) return undefined as T;
      const parsed = answer.safeParse(json);
      if (parsed.success) return parsed.data;
      throw new RunnerUnavailable(`${method} ${path} answered something else than the contract says`);
    }
    const problem = Problem.safeParse(json);
    if (problem.success && isRefusal(status)) throw new RunnerRefused(problem.data.code, problem.data.detail);
    throw new RunnerUnavailable(`${method} ${path} answered ${status}`);
  }

  private async send(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(new URL(path, this.config.RUNNER_URL), {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          authorization: `Bearer ${this.config.SERVICE_TOKEN}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        body: body && JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new RunnerUnavailable(`${method} ${path} got no answer`, { cause: error });
    }
  }
}

/** A wrong service token (401, 403) and overload (429) are the operator's to mend, not the request's fault. */
const isRefusal = (status: number) => status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
