import { z } from 'zod';
import type { ClientRequests, ServerNotifications, ServerRequests } from './protocol.js';

/*
 * What the runner reads of Codex's messages. They are checked, since an agent may have found a way to print into Codex's
 * output. `protocol.ts` has the types of the pinned Codex; `Fits` below fails to compile when they are no longer those that
 * are read here.
 */

const Item = z.looseObject({ id: z.string(), type: z.string() });
export type ThreadItem = z.output<typeof Item>;

/** The items of Codex's that become items of our own kinds. */
const ITEMS = {
  userMessage: z.object({
    clientId: z.string().nullable(),
    content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  }),
  agentMessage: z.object({ text: z.string() }),
  reasoning: z.object({ summary: z.array(z.string()) }),
  commandExecution: z.object({
    command: z.string(),
    status: z.string(),
    aggregatedOutput: z.string().nullable(),
    exitCode: z.number().int().nullable(),
  }),
  fileChange: z.object({
    changes: z.array(
      z.object({
        path: z.string(),
        kind: z.looseObject({ type: z.string(), move_path: z.string().nullish() }),
        diff: z.string(),
      }),
    ),
    status: z.string(),
  }),
  mcpToolCall: z.object({
    server: z.string(),
    tool: z.string(),
    status: z.string(),
    arguments: z.unknown().optional(),
    result: z.object({ content: z.array(z.unknown()), structuredContent: z.unknown().optional() }).nullable(),
    error: z.object({ message: z.string() }).nullable(),
  }),
  exitedReviewMode: z.object({ review: z.string() }),
  webSearch: z.object({ query: z.string(), action: z.unknown().optional() }),
};

const count = z.number().int();
const TokenCounts = z.object({
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningOutputTokens: count,
});
export type TokenCounts = z.output<typeof TokenCounts>;

const TurnError = z.object({ message: z.string(), additionalDetails: z.string().nullable() });
const Turn = z.object({ id: z.string(), status: z.string(), error: TurnError.nullable() });
const ofTurn = { threadId: z.string(), turnId: z.string() };
const delta = z.object({ ...ofTurn, itemId: z.string(), delta: z.string() });
const item = z.object({ ...ofTurn, item: Item });

export const NOTIFICATIONS = {
  configWarning: z.object({ summary: z.string(), details: z.string().nullable() }),
  deprecationNotice: z.object({ summary: z.string(), details: z.string().nullable() }),
  error: z.object({ ...ofTurn, error: TurnError, willRetry: z.boolean() }),
  'item/agentMessage/delta': delta,
  'item/commandExecution/outputDelta': delta,
  'item/completed': item,
  'item/reasoning/summaryPartAdded': z.object({ ...ofTurn, itemId: z.string(), summaryIndex: count }),
  'item/reasoning/summaryTextDelta': delta,
  'item/started': item,
  'thread/tokenUsage/updated': z.object({
    ...ofTurn,
    tokenUsage: z.object({
      total: TokenCounts,
      last: z.object({ totalTokens: count }),
      modelContextWindow: count.nullable(),
    }),
  }),
  'turn/completed': z.object({ threadId: z.string(), turn: Turn }),
  'turn/plan/updated': z.object({
    ...ofTurn,
    plan: z.array(z.object({ step: z.string(), status: z.string() })),
  }),
  'turn/started': z.object({ threadId: z.string(), turn: Turn }),
  warning: z.object({ threadId: z.string().nullable(), message: z.string() }),
};

/** What Codex asks. */
export const QUESTIONS = {
  'item/commandExecution/requestApproval': z.object({
    ...ofTurn,
    itemId: z.string(),
    command: z.string().nullish(),
    reason: z.string().nullish(),
    availableDecisions: z.array(z.unknown()).nullish(),
  }),
  'item/fileChange/requestApproval': z.object({
    ...ofTurn,
    itemId: z.string(),
    reason: z.string().nullish(),
  }),
};

/** Of whose fields none is read. */
const nothing = z.looseObject({});
const thread = z.object({ thread: z.object({ id: z.string(), forkedFromId: z.string().nullish() }) });

/** What it answers. */
export const RESULTS = {
  initialize: nothing,
  'thread/start': thread,
  'thread/resume': thread,
  'thread/fork': thread,
  'thread/turns/list': z.object({
    data: z.array(z.object({ id: z.string(), items: z.array(Item) })),
    nextCursor: z.string().nullable(),
  }),
  'turn/start': z.object({ turn: z.object({ id: z.string() }) }),
  'turn/steer': nothing,
  'turn/interrupt': nothing,
  'review/start': z.object({ turn: z.object({ id: z.string() }) }),
  'thread/compact/start': nothing,
};

/** The schemas `S`, only if each accepts the type of Codex's in `T`. */
type Fits<S extends Record<keyof S, z.ZodType>, T extends { [M in keyof S]: z.input<S[M]> }> = [S, T][0];

type ItemOf<T> = Extract<ServerNotifications['item/started']['item'], { type: T }>;
type Items = Fits<typeof ITEMS, { [T in keyof typeof ITEMS]: ItemOf<T> }>;
type Notifications = Fits<typeof NOTIFICATIONS, ServerNotifications>;
type Questions = Fits<typeof QUESTIONS, { [M in keyof typeof QUESTIONS]: ServerRequests[M]['params'] }>;
type Results = Fits<typeof RESULTS, { [M in keyof typeof RESULTS]: ClientRequests[M]['result'] }>;

export type NotificationMethod = keyof Notifications;
export type QuestionMethod = keyof Questions;
export type RequestMethod = keyof Results;
export type Params<M extends RequestMethod> = ClientRequests[M]['params'];
export type Result<M extends RequestMethod> = z.output<Results[M]>;
export type Answer<M extends QuestionMethod> = ServerRequests[M]['result'];

export type Notification = {
  [M in NotificationMethod]: { method: M; params: z.output<Notifications[M]> };
}[NotificationMethod];

export type Question = {
  [M in QuestionMethod]: {
    method: M;
    /** Codex's id of the request. */
    id: string | number;
    params: z.output<Questions[M]>;
  };
}[QuestionMethod];

/** @returns undefined when the item does not have the fields of its type */
export const readItem = <T extends keyof Items>(type: T, item: ThreadItem): z.output<Items[T]> | undefined =>
  ITEMS[type].safeParse(item).data as z.output<Items[T]> | undefined;

const Message = z.object({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
export type Message = z.output<typeof Message>;

/** @returns undefined when the line is no message at all */
export function readMessage(line: string): Message | undefined {
  try {
    return Message.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
