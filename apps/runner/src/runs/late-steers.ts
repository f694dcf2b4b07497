import { Injectable } from '@nestjs/common';
import { BEFORE_FIRST_EVENT } from '@saas-codex/contracts/event-ids';
import { readRunEvent } from '@saas-codex/contracts/events';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-log-entry';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redactor } from '../redaction/redactor.js';
import { messagesInConversation } from '../threads/conversation-files.js';
import { ThreadStore } from '../threads/thread-store.js';
import { RunInbox } from './run-inbox.js';

/**
 * Codex, or its runner, may be killed after Codex has taken a message in and before the log says so. Then the conversation has it,
 * and a prompt with the same text would be a second one. So before a log is closed, the conversation is asked.
 */
@Injectable()
export class LateSteers {
  constructor(
    private readonly logs: RunLogs,
    private readonly inbox: RunInbox,
    private readonly threads: ThreadStore,
  ) {}

  /** Only while nothing of the session runs. */
  async record(owner: RunLogOwner, redactor: Redactor): Promise<void> {
    const commands = await this.inbox.commands(owner.runId);
    const steers = commands.flatMap((command) => (command.type === 'steer' ? [command] : []));
    if (steers.length === 0) return;
    const reported = await this.inLog(owner);
    const open = steers.filter(({ id }) => !reported.has(id));
    const { paths } = await this.threads.getThread(owner.sessionId);
    const ids = open.map(({ id }) => id);
    const taken = await messagesInConversation(paths.codexHome, ids);
    for (const { id, prompt } of open.filter((steer) => taken.has(steer.id)))
      await this.logs.appendToLost(owner, 'steer.delivered', {
        steer_id: id,
        prompt: redactor.redact(prompt),
      });
  }

  private async inLog(owner: RunLogOwner): Promise<Set<string>> {
    const entries = await this.logs.readSpool(owner, BEFORE_FIRST_EVENT, Infinity);
    const ids = entries
      .filter(({ type }) => type === 'steer.delivered')
      .flatMap(({ event }) => {
        const read = readRunEvent(event.toString());
        return read?.type === 'steer.delivered' ? [read.data.steer_id] : [];
      });
    return new Set(ids);
  }
}
