import { relative, sep } from 'node:path';
import { CommandExecutionItem, FileChangeItem, type Item } from '@saas-codex/contracts/items';

/** Characters of a command's output that an event keeps; Codex itself shows the model less. */
const MAX_OUTPUT = 128 * 1024;

/**
 * Codex's item as the log has it: paths within the repository are relative to it, huge outputs lose their middle.
 * Everything else, items of unknown types too, passes as it is.
 */
export function translateItem(item: Item, repo: string): Item {
  if (item.type === 'file_change') {
    const change = FileChangeItem.safeParse(item);
    return change.success
      ? { ...item, changes: change.data.changes.map((one) => withinRepo(one, repo)) }
      : item;
  }
  if (item.type === 'command_execution') {
    const command = CommandExecutionItem.safeParse(item);
    return command.success ? { ...item, aggregated_output: shorten(command.data.aggregated_output) } : item;
  }
  return item;
}

function withinRepo<T extends { path: string }>(change: T, repo: string): T {
  const inside = change.path.startsWith(repo + sep);
  return inside ? { ...change, path: relative(repo, change.path) } : change;
}

function shorten(text: string): string {
  if (text.length <= MAX_OUTPUT) return text;
  const half = MAX_OUTPUT / 2;
  const left = text.length - MAX_OUTPUT;
  return `${text.slice(0, half)}\n… ${left} characters left out …\n${text.slice(-half)}`;
}
