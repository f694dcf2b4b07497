import type { UnknownItem } from '@saas-codex/contracts/items';
import { Box } from 'lucide-react';
import { StepRow } from '../ui/step-row.js';
import { JsonBlock } from './json-block.js';

/** An item of a type that this version does not know: named, and shown as it came. */
export function GenericRow({ id, item, busy }: { id: string; item: UnknownItem; busy: boolean }) {
  const { id: _id, type, ...rest } = item;
  const words = type.replaceAll('_', ' ');
  return (
    <StepRow id={id} icon={Box} verb={words.charAt(0).toUpperCase() + words.slice(1)} busy={busy}>
      {Object.keys(rest).length > 0 && <JsonBlock label={type} value={rest} />}
    </StepRow>
  );
}
