import type { Session } from '@saas-codex/contracts/sessions';
import { Info, X } from 'lucide-react';
import { useStoredText } from '../../shared/lib/stored.js';
import { DisclosureArrow, useDisclosure } from '../../shared/ui/disclosure.js';
import { IconButton } from '../../shared/ui/icon-button.js';

type Notices = NonNullable<Session['notices']>;

/** Shown above the composer until the person has read it: what the session's clone lacks, although the repository has it. */
export function CloneNotices({ session: { session_id: id, notices = [] } }: { session: Session }) {
  const [read, setRead] = useStoredText(`clone-notices/${id}`);
  if (notices.length === 0 || read) return null;
  return (
    <section aria-label="Missing from the clone" className="mx-auto w-full max-w-3xl px-4 pb-3 max-sm:px-3">
      <Card id={id} notices={notices} onDismiss={() => setRead('read')} />
    </section>
  );
}

interface CardProps {
  id: string;
  notices: Notices;
  onDismiss: () => void;
}

function Card({ id, notices, onDismiss }: CardProps) {
  const { open, trigger, bodyId } = useDisclosure(`${id}/clone-notices`);
  return (
    <div className="rounded-xl border bg-card text-sm shadow-xs">
      <div className="flex items-center pr-1.5">
        <button
          {...trigger}
          className="flex min-h-10 min-w-0 flex-1 items-center gap-2.5 rounded-xl px-3.5 text-left pointer-coarse:min-h-11"
        >
          <Info aria-hidden className="size-4 shrink-0 text-muted-foreground" strokeWidth={1.75} />
          Not everything was fetched with the repository
          <DisclosureArrow open={open} className="size-3.5 text-subtle-foreground" />
        </button>
        <IconButton label="Dismiss" size="sm" side="top" onClick={onDismiss}>
          <X />
        </IconButton>
      </div>
      {open && (
        <ul
          id={bodyId}
          className="flex animate-fade-in flex-col gap-1.5 px-3.5 pb-3 pl-10 [overflow-wrap:anywhere] text-muted-foreground"
        >
          {notices.map(({ code, detail }) => (
            <li key={code}>{detail}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
