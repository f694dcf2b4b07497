import { z } from 'zod';
import { openEnum } from './open-reading.js';

/**
 * Codex's thread items, as `codex exec --json` prints them: a snake_case union over `type`. Fields that we do not
 * know pass through, and so do items of an unknown type (`UnknownItem`).
 */
const item = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.looseObject({ id: z.string(), type: z.literal(type), ...shape }).meta({ id: schemaName(type) });

/** `agent_message` → `AgentMessageItem` */
const schemaName = (type: string): string =>
  `${type.replace(/(^|_)([a-z])/g, (_match, _before, letter: string) => letter.toUpperCase())}Item`;

const status = openEnum(['in_progress', 'completed', 'failed']).catch('completed');

export const AgentMessageItem = item('agent_message', { text: z.string() });
export const ReasoningItem = item('reasoning', { text: z.string() });
export const CommandExecutionItem = item('command_execution', {
  command: z.string(),
  aggregated_output: z.string().default(''),
  exit_code: z.int().nullish(),
  status: z.string(),
});
export const FileChangeItem = item('file_change', {
  changes: z.array(
    z.looseObject({
      path: z.string(),
      kind: z.string(),
      diff: z
        .string()
        .optional()
        .describe(
          'Once it is complete: the changed hunks, or the contents of a file that was added or deleted',
        ),
    }),
  ),
  status: z.string(),
});
export const McpToolCallItem = item('mcp_tool_call', {
  server: z.string(),
  tool: z.string(),
  arguments: z.unknown(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).nullish(),
  status,
});
export const WebSearchItem = item('web_search', { query: z.string() });
export const TodoListItem = item('todo_list', {
  items: z.array(z.looseObject({ text: z.string(), completed: z.boolean() })),
});
/** The conversation was replaced by a summary. */
export const ContextCompactionItem = item('context_compaction', { status });
/** What a review has found. Without findings, `text` is all that the reviewer says. */
export const ReviewItem = item('review', {
  text: z.string(),
  findings: z.array(
    z.looseObject({
      title: z.string(),
      text: z.string(),
      priority: z.int().min(0).max(3).nullable().describe('0: drop everything else, 3: nice to have'),
      path: z.string().describe('Relative to the repository'),
      first_line: z.int(),
      last_line: z.int(),
    }),
  ),
});
export type ReviewFinding = z.infer<typeof ReviewItem>['findings'][number];
export const ErrorItem = item('error', { message: z.string() });

const KNOWN_ITEMS = [
  AgentMessageItem,
  ReasoningItem,
  CommandExecutionItem,
  FileChangeItem,
  McpToolCallItem,
  WebSearchItem,
  TodoListItem,
  ContextCompactionItem,
  ReviewItem,
  ErrorItem,
] as const;

export const KnownItem = z.discriminatedUnion('type', KNOWN_ITEMS).meta({ id: 'KnownItem' });
export type KnownItem = z.infer<typeof KnownItem>;

export const UnknownItem = z
  .looseObject({ id: z.string(), type: z.string() })
  .meta({ id: schemaName('unknown'), description: 'An item of a type that is not described here' });
export type UnknownItem = z.infer<typeof UnknownItem>;

/** Any item; narrow it with `KnownItem.safeParse`. The API's description shows it as a known or an unknown item. */
export const Item = z.looseObject(UnknownItem.shape).meta({
  id: 'Item',
  description:
    'One thing in a turn. Types that this version does not know may come; they have an id and a type',
  anyOf: ['KnownItem', schemaName('unknown')].map((name) => ({ $ref: `#/components/schemas/${name}` })),
  type: undefined,
  properties: undefined,
  required: undefined,
  additionalProperties: undefined,
});
export type Item = z.infer<typeof Item>;
