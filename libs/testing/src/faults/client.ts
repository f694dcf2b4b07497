import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalDecision } from '@saas-codex/contracts/approval-questions';
import type { Approval, ApprovalPage } from '@saas-codex/contracts/approvals';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { Steer } from '@saas-codex/contracts/steers';
import type { Session, UpdateSession } from '@saas-codex/contracts/sessions';
import { waitFor } from '../wait-for.js';

/** A prompt that was answered with 202, as the client remembers it. */
export interface Accepted {
  runId: string;
  sessionId: string;
  prompt: string;
}

const PATIENCE_MS = 90_000;
const RETRY_MS = 150;

/**
 * An API client that behaves correctly: it repeats requests that got no answer or a temporary error, under the same
 * Idempotency-Key. It remembers every accepted prompt.
 */
export class Client {
  readonly accepted: Accepted[] = [];
  /** Number of requests that had to be repeated. */
  retries = 0;
  private checked = 0;

  private constructor(
    readonly url: string,
    readonly credential: { authorization: string },
  ) {}

  static async create(url: string, tokenFile: string): Promise<Client> {
    const token = (await readFile(tokenFile, 'utf8')).trim();
    return new Client(url, { authorization: `Bearer ${token}` });
  }

  /** The prompts that were accepted since the last call. */
  takeUnchecked(): Accepted[] {
    const unchecked = this.accepted.slice(this.checked);
    this.checked = this.accepted.length;
    return unchecked;
  }

  createSession(repoUrl: string): Promise<Session> {
    return this.post('/api/sessions', { repo_url: repoUrl });
  }

  async prompt(sessionId: string, prompt: string): Promise<Accepted> {
    const run = await this.post<Run>(`/api/sessions/${sessionId}/prompt`, { prompt });
    const accepted = { runId: run.run_id, sessionId, prompt };
    this.accepted.push(accepted);
    return accepted;
  }

  /** Sends a message to a run as soon as a runner has it, or queues it after its end. */
  steer(runId: string, prompt: string): Promise<Steer> {
    const send = async () => {
      const answer = await this.post<Steer & { code?: string }>(
        `/api/runs/${runId}/steer`,
        { prompt },
        [409],
      );
      return answer.code === 'run_not_working' ? null : answer;
    };
    return waitFor(send, { timeoutMs: 60_000, what: `run ${runId} to take a message` });
  }

  async cancel(runId: string): Promise<void> {
    await this.post(`/api/runs/${runId}/cancel`, {}, [409]);
  }

  /** Lets the prompts start that the cancel of the one before them has held. */
  resumeQueue(sessionId: string): Promise<void> {
    return this.changeSession(sessionId, { queue_held: false });
  }

  async changeSession(sessionId: string, change: UpdateSession): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    await this.send(`/api/sessions/${sessionId}`, { method: 'PATCH', body: JSON.stringify(change), headers });
  }

  async approvals(query: string): Promise<Approval[]> {
    return (await this.get<ApprovalPage>(`/api/approvals?limit=100&${query}`)).items;
  }

  /** @returns the code of the refusal; undefined: the answer was taken */
  async decide(approvalId: string, decision: ApprovalDecision): Promise<string | undefined> {
    const path = `/api/approvals/${approvalId}/decision`;
    return (await this.post<{ code?: string }>(path, { decision }, [409])).code;
  }

  run(runId: string): Promise<Run> {
    return this.get(`/api/runs/${runId}`);
  }

  async runsOf(sessionId: string): Promise<Run[]> {
    return (await this.get<RunPage>(`/api/sessions/${sessionId}/runs?limit=100`)).items;
  }

  ended(runId: string, timeoutMs = 60_000): Promise<Run> {
    const end = async () => {
      const run = await this.run(runId);
      return run.ended_at === null ? null : run;
    };
    return waitFor(end, { timeoutMs, what: `run ${runId} to end` });
  }

  get<T>(path: string): Promise<T> {
    return this.send(path, {});
  }

  private post<T>(path: string, body: object, alsoFine: number[] = []): Promise<T> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    return this.send(path, { method: 'POST', body: JSON.stringify(body), headers }, alsoFine);
  }

  private async send<T>(path: string, init: RequestInit, alsoFine: number[] = []): Promise<T> {
    const headers = { ...this.credential, ...(init.headers as Record<string, string> | undefined) };
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.once(path, { ...init, headers });
      if (answer && (answer.ok || alsoFine.includes(answer.status))) return answer.body as T;
      if (answer && !answer.passes)
        throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      if (performance.now() > giveUpAt)
        throw new Error(`${path} still fails after ${PATIENCE_MS} ms: ${JSON.stringify(answer)}`);
      this.retries++;
      await delay(RETRY_MS);
    }
  }

  private async once(path: string, init: RequestInit) {
    try {
      const response = await fetch(`${this.url}${path}`, { ...init, signal: AbortSignal.timeout(45_000) });
      const { ok, status } = response;
      const body = (await response.json()) as { code?: string };
      // 409 with this code: the first attempt is still in progress.
      const passes = status >= 500 || status === 429 || body.code === 'idempotency_in_progress';
      return { ok, status, body, passes };
    } catch {
      return null;
    }
  }
}
