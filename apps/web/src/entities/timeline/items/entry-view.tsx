import type { Session } from '@saas-codex/contracts/sessions';
import { CircleAlert, FoldVertical, Globe } from 'lucide-react';
import { memo } from 'react';
import { CommandRow } from '../command/command-row.js';
import { Markdown } from '../markdown/markdown.js';
import type { DraftEntry, Entry, ItemEntry } from '../run-timeline.js';
import { ApprovalRow } from './approval-row.js';
import { FileChangeRows } from './file-change-rows.js';
import { PlainRow } from './plain-row.js';
import { ReasoningRow } from './reasoning-row.js';
import { Refusals } from './refusals.js';
import { ReviewReport } from './review-report.js';
import { SteerRow } from './steer-row.js';
import { StepRow } from './step-row.js';
import { TodoList } from './todo-list.js';
import { ToolCallRow } from './tool-call-row.js';

interface EntryViewProps {
  entry: Entry;
  runId: string;
  session: Session;
  /** The run is in progress, and so are items that have not ended. */
  live: boolean;
}

/** One row of a run's timeline. An unchanged entry keeps its identity, so its row does not render again. */
export const EntryView = memo((props: EntryViewProps) => {
  const { entry, runId } = props;
  switch (entry.kind) {
    case 'draft':
      return <DraftView draft={entry} id={`${runId}/${entry.key}`} live={props.live} />;
    case 'notice':
      return <NoticeRow id={`${runId}/${entry.key}`} message={entry.message} />;
    case 'refusals':
      return <Refusals id={`${runId}/${entry.key}`} refusals={entry.refusals} session={props.session} />;
    case 'approval':
      return (
        <ApprovalRow entry={entry} id={`${runId}/${entry.key}`} session={props.session} live={props.live} />
      );
    case 'steer':
      return <SteerRow runId={runId} sessionId={props.session.session_id} steer={entry} />;
    case 'event':
      return <PlainRow id={`${runId}/${entry.key}`} type={entry.type} data={entry.data} />;
    case 'item':
      return <ItemView {...props} entry={entry} />;
  }
});

function DraftView({ draft, id, live }: { draft: DraftEntry; id: string; live: boolean }) {
  if (draft.itemType === 'agent_message') return <Message text={draft.text} streaming={live} />;
  return <ReasoningRow id={id} text={draft.text} busy={live} />;
}

function ItemView({ entry, runId, session, live }: EntryViewProps & { entry: ItemEntry }) {
  const id = `${runId}/${entry.key}`;
  const busy = live && entry.completedAt === null;
  if (!entry.item.known) {
    const { id: _itemId, type, ...data } = entry.item.value;
    return <PlainRow id={id} type={type} data={data} busy={busy} />;
  }
  const item = entry.item.value;
  switch (item.type) {
    case 'agent_message':
      return <Message text={item.text} streaming={busy} />;
    case 'reasoning':
      return <ReasoningRow id={id} text={item.text} busy={busy} />;
    case 'command_execution': {
      const duration = entry.completedAt && Date.parse(entry.completedAt) - Date.parse(entry.startedAt);
      return (
        <CommandRow
          id={id}
          item={item}
          duration={duration || null}
          busy={busy}
          cutOff={!live && entry.completedAt === null}
          repoPath={session.repo_path}
        />
      );
    }
    case 'file_change':
      return <FileChangeRows item={item} busy={busy} session={session} runId={runId} />;
    case 'mcp_tool_call':
      return <ToolCallRow id={id} item={item} busy={busy} />;
    case 'web_search':
      return <WebSearchRow id={id} query={item.query} busy={busy} />;
    case 'todo_list':
      return <TodoList items={item.items} live={live} />;
    case 'context_compaction':
      return <StepRow id={id} icon={FoldVertical} verb={compactionText(item.status, busy)} busy={busy} />;
    case 'review':
      return <ReviewReport review={item} session={session} />;
    case 'error':
      return <NoticeRow id={id} message={item.message} />;
  }
}

function compactionText(status: string, busy: boolean): string {
  if (busy) return 'Compacting the conversation';
  return status === 'completed' ? 'Compacted the conversation' : 'The conversation was not compacted';
}

const Message = ({ text, streaming }: { text: string; streaming: boolean }) => (
  <div className="py-1.5">
    <Markdown text={text} streaming={streaming} />
  </div>
);

const SHORT = 90;

/** A problem that the agent may have recovered from. */
const NoticeRow = ({ id, message }: { id: string; message: string }) => (
  <StepRow id={id} icon={CircleAlert} tone="warning" verb={message}>
    {message.length > SHORT && <p className="text-sm whitespace-pre-wrap text-muted-foreground">{message}</p>}
  </StepRow>
);

const WebSearchRow = ({ id, query, busy }: { id: string; query: string; busy: boolean }) => (
  <StepRow
    id={id}
    icon={Globe}
    verb={busy ? 'Searching the web for' : 'Searched the web for'}
    target={<span className="text-foreground/90">{query}</span>}
    busy={busy}
  />
);
