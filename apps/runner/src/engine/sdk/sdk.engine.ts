import { Injectable } from '@nestjs/common';
import { Codex, type ThreadEvent, type UserInput } from '@openai/codex-sdk';
import { CodexLauncher } from '../codex-launcher.js';
import { Engine, type EngineEvent, type PromptRun, type RunningTurn } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { turnText } from '../port/turn-text.js';
import { limitChildOutput, OutputLimiter } from './output-limiter.js';
import { toEngineEvent } from './sdk-event.js';

limitChildOutput();

/** Drives Codex through @openai/codex-sdk: one `codex exec` process per turn, which reads the prompt and prints events. */
@Injectable()
export class SdkEngine extends Engine<PromptRun> {
  readonly capabilities = ONE_WAY;

  constructor(private readonly launcher: CodexLauncher) {
    super();
  }

  startTurn(run: PromptRun): RunningTurn {
    return oneWayTurn('sdk', (signal) => this.events(run, signal));
  }

  private async *events(run: PromptRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const { thread } = run;
    const { paths } = thread;
    const launch = await this.launcher.prepareLaunch(run);
    const codex = new Codex({
      codexPathOverride: launch.program,
      env: launch.environment,
      configOverrides: launch.settings,
    });
    const options = {
      workingDirectory: paths.repo,
      skipGitRepoCheck: thread.skipGitRepoCheck,
      sandboxMode: launch.sandboxMode,
      ...(run.model !== null && { model: run.model }),
    };
    const conversation =
      thread.codexThreadId === null
        ? codex.startThread(options)
        : codex.resumeThread(thread.codexThreadId, options);
    const printed = abortableUntilDone(signal, async (inner) => {
      const { events } = await conversation.runStreamed(inputOf(run, launch.images), { signal: inner });
      return events;
    });
    for await (const event of printed) {
      const translated = toEngineEvent(event, paths.repo, run.secrets.redactor);
      if (translated !== null) yield translated;
    }
  }
}

/** @param images where Codex finds them */
const inputOf = (run: PromptRun, images: readonly string[]): UserInput[] => [
  { type: 'text', text: turnText(run) },
  ...images.map((path) => ({ type: 'local_image' as const, path })),
];

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
