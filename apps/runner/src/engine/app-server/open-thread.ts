import type { ApprovalMode } from '@saas-codex/contracts/approval-questions';
import type { CodexLauncher } from '../codex-launcher.js';
import type { PreparedTurn, CodexRun } from '../port/engine.js';
import { AppServerClient } from './app-server.client.js';

/** Codex in the jail of a run. */
interface StartedCodex {
  client: AppServerClient;
  /** Where it finds the images of the prompt. */
  images: readonly string[];
}

/** @throws Error when it cannot be started, or `signal` is aborted */
export async function startCodex(
  launcher: CodexLauncher,
  run: CodexRun,
  signal?: AbortSignal,
): Promise<StartedCodex> {
  const { settings, sandboxMode, images, ...launch } = await launcher.prepareLaunch(run);
  signal?.throwIfAborted();
  const sandbox = `sandbox_mode="${sandboxMode}"`;
  return { client: await AppServerClient.start({ ...launch, settings: [...settings, sandbox] }), images };
}

export const POLICIES = { never: 'never', ask: 'untrusted' } as const satisfies Record<ApprovalMode, string>;

/** Begins or continues the run's thread. @returns its id @throws AppServerRefusal */
export async function openThread(
  client: AppServerClient,
  { thread, model, approvalMode }: CodexRun,
): Promise<string> {
  // The folder and the sandbox are settings of the process: here, Codex would take them for trust in the repository.
  const given = { approvalPolicy: POLICIES[approvalMode], ...(model !== null && { model }) } as const;
  const { codexThreadId: threadId } = thread;
  const opened =
    threadId === null
      ? await client.request('thread/start', given)
      : await client.request('thread/resume', { threadId, excludeTurns: true, ...given });
  return opened.thread.id;
}

/** Codex with an open thread. It has not been asked for anything, so it has not called the model. */
export class PreparedCodex implements PreparedTurn, StartedCodex {
  readonly images = [];

  constructor(
    readonly client: AppServerClient,
    readonly threadId: string,
  ) {}

  get isAlive(): boolean {
    return this.client.isAlive;
  }

  get exited(): Promise<void> {
    return this.client.exited;
  }
}
