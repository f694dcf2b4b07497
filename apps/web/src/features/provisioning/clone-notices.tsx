import type { Session } from '@saas-codex/contracts/sessions';
import { Info } from 'lucide-react';

/** Shown above the composer: what the session's clone lacks, although the repository has it. */
export function CloneNotices({ session: { notices = [] } }: { session: Session }) {
  if (notices.length === 0) return null;
  return (
    <section aria-label="Missing from the clone" className="mx-auto w-full max-w-3xl px-4 pb-3 max-sm:px-3">
      <details className="rounded-xl border bg-card px-3.5 py-2.5 text-sm">
        <summary className="cursor-pointer">
          <Info
            aria-hidden
            className="mr-2.5 inline size-4 align-text-bottom text-muted-foreground"
            strokeWidth={1.75}
          />
          Not everything was fetched with the repository
        </summary>
        <ul className="mt-1.5 flex flex-col gap-1.5 break-words text-muted-foreground">
          {notices.map(({ code, detail }) => (
            <li key={code}>{detail}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}
