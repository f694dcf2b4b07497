import type { KnownItem } from '@saas-codex/contracts/items';
import { Plug } from 'lucide-react';
import { Badge } from '../../../shared/ui/badge.js';
import { JsonBlock } from './plain-row.js';
import { CodeTarget, StepRow } from './step-row.js';

type ToolCallItem = Extract<KnownItem, { type: 'mcp_tool_call' }>;

/** A tool call to an MCP server, with its input and result. */
export const ToolCallRow = ({ id, item, busy }: { id: string; item: ToolCallItem; busy: boolean }) => (
  <StepRow
    id={id}
    icon={Plug}
    verb={busy ? 'Calling' : 'Called'}
    target={<CodeTarget>{`${item.server}.${item.tool}`}</CodeTarget>}
    busy={busy}
    badge={(item.error || item.status === 'failed') && <Badge tone="danger">failed</Badge>}
  >
    <div className="space-y-2">
      <JsonBlock label="Input" value={item.arguments} />
      {item.error ? (
        <JsonBlock label="Error" value={item.error.message} />
      ) : (
        <JsonBlock label="Result" value={item.result} />
      )}
    </div>
  </StepRow>
);
