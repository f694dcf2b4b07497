import type { ThreadEvent, ThreadItem } from '@openai/codex-sdk';
import { CommandExecutionItem, FileChangeItem, type Item } from '@saas-codex/contracts/items';
import type { Usage } from '@saas-codex/contracts/runs';
import type { Redactor } from '../../redaction/redactor.js';
import { BoundedText } from '../bounded-text.js';
import type { EngineEvent } from '../port/engine.js';
import { relativeToRepo } from '../relative-to-repo.js';

/** An event of the SDK as our own. @returns null for types that only a newer Codex prints */
export function toEngineEvent(event: ThreadEvent, repo: string, redactor: Redactor): EngineEvent | null {
  switch (event.type) {
    case 'thread.started':
      return { type: event.type, data: { thread_id: event.thread_id } };
    case 'turn.started':
      return { type: event.type, data: {} };
    case 'turn.completed':
      return { type: event.type, data: { usage: toUsage(event.usage) } };
    case 'turn.failed':
      return { type: event.type, data: { error: { message: event.error.message } } };
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      return { type: event.type, data: { item: toItem(event.item, repo, redactor) } };
    case 'error':
      return { type: event.type, data: { message: event.message } };
    default:
      return null;
  }
}

/** Codex counts more kinds of tokens than the contract has. */
const toUsage = (usage: Usage): Usage => ({
  input_tokens: usage.input_tokens,
  cached_input_tokens: usage.cached_input_tokens,
  output_tokens: usage.output_tokens,
  reasoning_output_tokens: usage.reasoning_output_tokens,
});

/**
 * Our items are modelled on those of the SDK. What differs: paths within the repository are relative to it, and the output
 * of a command keeps its head and tail. Everything else passes unchanged, items of unknown types included.
 */
function toItem(item: ThreadItem, repo: string, redactor: Redactor): Item {
  if (item.type === 'file_change') {
    const change = FileChangeItem.safeParse(item);
    if (!change.success) return item;
    const changes = change.data.changes.map((one) => ({ ...one, path: relativeToRepo(one.path, repo) }));
    return { ...item, changes };
  }
  if (item.type === 'command_execution') {
    const command = CommandExecutionItem.safeParse(item);
    if (!command.success) return item;
    // Before it is cut: half of a secret would not be found.
    const output = redactor.redact(command.data.aggregated_output);
    return { ...item, aggregated_output: new BoundedText().add(output).toString() };
  }
  return item;
}
