import { Injectable } from '@nestjs/common';
import { AgentMessageItem } from '@saas-codex/contracts/items';
import { CommitMessage, MAX_COMMIT_SUBJECT } from '@saas-codex/contracts/shipping';
import { Jail } from '../../sandbox/jail/jail.js';
import { makeSideWorkspace, removeSideWorkspaces, sidePaths } from '../../threads/side-workspace.js';
import { CodexLauncher } from '../codex-launcher.js';
import { Engine, type EngineEvent, type ProposalRun, type RunningTurn } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { execCodex } from './codex-exec.js';
import { toEngineEvent } from './sdk-event.js';

/** What Codex answers with. In the subset of JSON Schema that model servers enforce, which knows no lengths. */
const ANSWER = {
  type: 'object',
  properties: {
    subject: { type: 'string', description: `One line of at most ${MAX_COMMIT_SUBJECT} characters.` },
    body: { type: 'string', description: 'Why and how. Empty where the subject says it all.' },
  },
  required: ['subject', 'body'],
  additionalProperties: false,
};

/** What Codex needs to know is in the prompt. Tools that a model has in spite of this find an empty folder that they cannot change. */
const FEW_TOOLS = [
  'features.shell_tool=false',
  'features.multi_agent=false',
  'features.view_image=false',
  'features.image_generation=false',
  'features.sleep_tool=false',
  'tools.update_plan.enabled=false',
];

const NO_MESSAGE =
  'What Codex answered is no commit message. Ask for a proposal again, or write the message yourself.';

/**
 * Asks Codex one question, in a conversation of its own and an empty folder. The session's files and its conversation are not in
 * that jail, so nothing that the repository says can change them; it may change the text, which people read before they use it.
 *
 *     prompt with the changes ──► codex exec --output-schema ──► { subject, body } ──► the log, as a text
 */
@Injectable()
export class ProposalEngine extends Engine<ProposalRun> {
  readonly capabilities = ONE_WAY;

  constructor(
    private readonly launcher: CodexLauncher,
    private readonly jail: Jail,
  ) {
    super();
  }

  startTurn(run: ProposalRun): RunningTurn {
    return oneWayTurn('proposals', (signal) => this.events(run, signal));
  }

  private async *events(run: ProposalRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const paths = sidePaths(run.thread.paths, run.runId);
    await makeSideWorkspace(run.thread.paths, paths);
    try {
      yield* this.ask({ ...run, thread: { ...run.thread, paths, codexThreadId: null } }, signal);
    } finally {
      await this.jail.endProcesses(run.runId);
      await removeSideWorkspaces(run.thread.paths);
    }
  }

  private async *ask(run: ProposalRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const { thread, model, input, secrets } = run;
    if (input.prompt === undefined) throw new Error('a proposal needs the changes that it is about');
    const launch = await this.launcher.prepareLaunch(run);
    const request = {
      launch: { ...launch, settings: [...launch.settings, ...FEW_TOOLS] },
      thread: { ...thread, skipGitRepoCheck: true },
      model,
      sandboxMode: 'read-only' as const,
      input: [{ type: 'text' as const, text: input.prompt }],
      outputSchema: ANSWER,
    };
    let hasAnswered = false;
    for await (const printed of execCodex(request, signal)) {
      const event = toEngineEvent(printed, thread.paths.repo, secrets.redactor);
      // The session goes on with its own conversation.
      if (event === null || event.type === 'thread.started') continue;
      if (event.type === 'turn.completed' && !hasAnswered) {
        yield { type: 'script.ended', data: { failure: NO_MESSAGE } };
        return;
      }
      const message = event.type === 'item.completed' ? AgentMessageItem.safeParse(event.data.item) : null;
      if (!message?.success) {
        yield event;
        continue;
      }
      const answer = readAnswer(message.data.text);
      hasAnswered = answer !== null;
      const text = answer ?? message.data.text;
      yield { type: 'item.completed', data: { item: { ...message.data, text } } };
    }
  }
}

/** The message as git has it: the subject, an empty line, the body. null: it is none. */
function readAnswer(text: string): string | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  const message = CommitMessage.safeParse(answer);
  if (!message.success) return null;
  const { subject, body } = message.data;
  const line = subject.replace(/\s+/g, ' ');
  return body === '' ? line : `${line}\n\n${body}`;
}
