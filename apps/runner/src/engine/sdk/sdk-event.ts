import { relative, sep } from 'node:path';
import type { ThreadEvent, ThreadItem } from '@openai/codex-sdk';
import { CommandExecutionItem, FileChangeItem, type Item } from '@saas-codex/contracts/items';
import type { Usage } from '@saas-codex/contracts/runs';
import { BoundedText } from '../bounded-text.js';
import type { EngineEvent } from '../port/engine.js';

/** An event of the SDK as our own. @returns null for types that only a newer Codex prints */
export function toEngineEvent(event: ThreadEvent, repo: string): EngineEvent | null {
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
      return { type: event.type, data: { item: toItem(event.item, repo) } };
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
function toItem(item: ThreadItem, repo: string): Item {
  if (item.type === 'file_change') {
    const change = FileChangeItem.safeParse(item);
    if (!change.success) return item;
    return { ...item, changes: change.data.changes.map((one) => relativeToRepo(one, repo)) };
  }
  if (item.type === 'command_execution') {
    const command = CommandExecutionItem.safeParse(item);
    if (!command.success) return item;
    return { ...item, aggregated_output: new BoundedText().add(command.data.aggregated_output).toString() };
  }
  return item;
}

function relativeToRepo<T extends { path: string }>(change: T, repo: string): T {
  return change.path.startsWith(repo + sep) ? { ...change, path: relative(repo, change.path) } : change;
}
