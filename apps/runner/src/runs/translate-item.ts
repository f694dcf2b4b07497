import { relative, sep } from 'node:path';
import { CommandExecutionItem, FileChangeItem, type Item } from '@saas-codex/contracts/items';
import { BoundedText } from '../engine/bounded-text.js';
import { boundItem } from './bounded-item.js';

/**
 * Codex's item as the log has it: paths within the repository are relative to it, and what is huge loses its middle.
 * Everything else, items of unknown types too, passes as it is.
 */
export const translateItem = (item: Item, repo: string): Item => boundItem(translate(item, repo));

function translate(item: Item, repo: string): Item {
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

const shorten = (text: string): string => new BoundedText().add(text).toString();
