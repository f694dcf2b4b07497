import { Codex, type ThreadEvent, type ThreadOptions, type UserInput } from '@openai/codex-sdk';
import type { CodexLaunch } from '../codex-launcher.js';
import type { CodexRun, ProposalRun } from '../port/engine.js';
import { limitChildOutput, OutputLimiter } from './output-limiter.js';

limitChildOutput();

interface ExecRequest {
  launch: Pick<CodexLaunch, 'program' | 'environment' | 'settings'>;
  /** Without a `codexThreadId` a conversation begins. */
  thread: CodexRun['thread'];
  model: ProposalRun['model'];
  sandboxMode: NonNullable<ThreadOptions['sandboxMode']>;
  input: UserInput[];
  /** JSON schema of the answer. Left out: a text. */
  outputSchema?: object;
}

/** Starts `codex exec` for one turn. @returns what it prints, event by event */
export function execCodex(request: ExecRequest, signal: AbortSignal): AsyncGenerator<ThreadEvent> {
  const { launch, thread, model, sandboxMode, input, outputSchema } = request;
  const codex = new Codex({
    codexPathOverride: launch.program,
    env: launch.environment,
    configOverrides: launch.settings,
  });
  const options = {
    workingDirectory: thread.paths.repo,
    skipGitRepoCheck: thread.skipGitRepoCheck,
    sandboxMode,
    ...(model !== null && { model }),
  };
  const conversation =
    thread.codexThreadId === null
      ? codex.startThread(options)
      : codex.resumeThread(thread.codexThreadId, options);
  return abortableUntilDone(signal, async (inner) => {
    const { events } = await conversation.runStreamed(input, { signal: inner, outputSchema });
    return events;
  });
}

/**
 * Gives the SDK a signal that is never aborted after its last event: by then the SDK no longer listens to its child process,
 * and an abort would be an uncaught error event.
 */
async function* abortableUntilDone(
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<AsyncGenerator<ThreadEvent>>,
): AsyncGenerator<ThreadEvent> {
  const inner = new AbortController();
  const abort = () => inner.abort();
  signal.throwIfAborted();
  signal.addEventListener('abort', abort);
  try {
    yield* withLimitedOutput(await start(inner.signal));
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The SDK starts Codex when it is asked for its first event, and returns one event for each line that Codex prints. */
async function* withLimitedOutput<T>(events: AsyncGenerator<T>): AsyncGenerator<T> {
  const limiter = new OutputLimiter();
  try {
    for (;;) {
      const next = await limiter.attachDuring(() => events.next());
      if (next.done) break;
      limiter.lineConsumed();
      yield next.value;
    }
  } catch (error) {
    throw limiter.exceeded ?? error;
  } finally {
    await events.return(undefined);
  }
  if (limiter.exceeded) throw limiter.exceeded;
}
