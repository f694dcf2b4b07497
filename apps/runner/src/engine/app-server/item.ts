import type { Item } from '@saas-codex/contracts/items';
import type { Redactor } from '../../redaction/redactor.js';
import { BoundedText } from '../bounded-text.js';
import { relativeToRepo } from '../relative-to-repo.js';
import { readItem, type ThreadItem } from './messages.js';
import { parseReview } from './review.js';

export interface ItemContext {
  repo: string;
  redactor: Redactor;
}

/** Items that say nothing to a reader of the log: they repeat what Codex was told, or what it tells the model. */
const UNLOGGED = new Set(['userMessage', 'hookPrompt', 'functionCallOutput', 'sleep', 'enteredReviewMode']);

/**
 * An item of Codex's as one of ours, with our id. Items of types that we do not know pass with their type in our spelling.
 * @param isComplete whether the contents of files come with it
 * @returns null when the log has no such items
 */
export function toItem(item: ThreadItem, id: string, isComplete: boolean, context: ItemContext): Item | null {
  if (UNLOGGED.has(item.type) || (item.type === 'exitedReviewMode' && !isComplete)) return null;
  return knownItem(item, id, isComplete, context) ?? { ...item, id, type: snakeCase(item.type) };
}

function knownItem(
  item: ThreadItem,
  id: string,
  isComplete: boolean,
  { repo, redactor }: ItemContext,
): Item | null {
  switch (item.type) {
    case 'agentMessage': {
      const message = readItem('agentMessage', item);
      return message ? { id, type: 'agent_message', text: message.text } : null;
    }
    case 'reasoning': {
      const reasoning = readItem('reasoning', item);
      return reasoning ? { id, type: 'reasoning', text: reasoning.summary.join(PART_BREAK) } : null;
    }
    case 'commandExecution': {
      const command = readItem('commandExecution', item);
      if (!command) return null;
      // Before it is cut: half of a secret would not be found.
      const output = new BoundedText().add(redactor.redact(command.aggregatedOutput ?? ''));
      return {
        id,
        type: 'command_execution',
        command: command.command,
        aggregated_output: output.toString(),
        exit_code: command.exitCode,
        status: snakeCase(command.status),
      };
    }
    case 'fileChange': {
      const change = readItem('fileChange', item);
      if (!change) return null;
      const changes = change.changes.map(({ path, kind, diff }) => ({
        path: relativeToRepo(path, repo),
        kind: kind.type,
        ...(kind.move_path && { move_path: relativeToRepo(kind.move_path, repo) }),
        ...(isComplete && { diff }),
      }));
      return { id, type: 'file_change', changes, status: snakeCase(change.status) };
    }
    case 'mcpToolCall': {
      const call = readItem('mcpToolCall', item);
      if (!call) return null;
      const { server, tool, status, arguments: given, result, error } = call;
      const answer = result && { content: result.content, structured_content: result.structuredContent };
      const how = { arguments: given, result: answer, error, status: snakeCase(status) };
      return { id, type: 'mcp_tool_call', server, tool, ...how };
    }
    case 'contextCompaction':
      return { id, type: 'context_compaction', status: isComplete ? 'completed' : 'in_progress' };
    case 'exitedReviewMode': {
      const exit = readItem('exitedReviewMode', item);
      return exit ? { id, type: 'review', ...parseReview(exit.review, repo) } : null;
    }
    case 'webSearch': {
      const search = readItem('webSearch', item);
      return search ? { id, type: 'web_search', query: search.query, action: search.action } : null;
    }
    default:
      return null;
  }
}

/** Between the parts of a summary of reasoning. */
export const PART_BREAK = '\n\n';

const snakeCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
