import type { Run } from '@saas-codex/contracts/runs';
import { History } from 'lucide-react';
import { DisclosureArrow, useDisclosure } from '../../shared/ui/disclosure.js';

/** Prompts that were taken back, folded: neither the files nor Codex know of them. */
export function RewoundRuns({ runs }: { runs: readonly Run[] }) {
  const { open, trigger, bodyId } = useDisclosure(`${runs[0]?.run_id}/rewound`);
  const prompts = runs.filter(({ kind }) => kind !== 'setup' && kind !== 'proposal');
  const count = prompts.length === 1 ? 'One prompt was' : `${prompts.length} prompts were`;
  return (
    <section aria-label="Taken back" className="pb-7">
      <button
        {...trigger}
        className="flex h-8 w-full pointer-coarse:h-11 items-center gap-2 border-b border-dashed text-left text-sm text-muted-foreground hover:text-foreground"
      >
        <History aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
        {count} taken back
        <DisclosureArrow open={open} className="size-3.5" />
      </button>
      {open && (
        <ol id={bodyId} className="animate-fade-in space-y-1.5 pt-2.5 text-sm text-muted-foreground">
          {prompts.map(({ run_id: id, prompt }) => (
            <li
              key={id}
              className="ml-auto line-clamp-[12] w-fit max-w-[85%] rounded-2xl rounded-br-md border border-dashed px-4 py-2 [overflow-wrap:anywhere] whitespace-pre-wrap"
            >
              {prompt}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
