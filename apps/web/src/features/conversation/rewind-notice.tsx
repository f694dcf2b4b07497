import type { SessionRewind } from '@saas-codex/contracts/rewinds';
import type { Session } from '@saas-codex/contracts/sessions';
import { History } from 'lucide-react';
import { useRewind } from '../../entities/session/api/rewind.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { focusContent } from '../../shared/lib/focus.js';
import { Button } from '../../shared/ui/button.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { toastError } from '../../shared/ui/toast.js';

/** Shown above the composer while a session goes back to before a prompt, and until the next prompt starts. */
export function RewindNotice({ session, rewind }: { session: Session; rewind: SessionRewind }) {
  const undo = useRewind(session.session_id);
  const mayUndo = usePermission('runs:create');
  const text = textOf(rewind);
  if (text === null) return null;
  const moves = rewind.status === 'rewinding' || rewind.status === 'undoing';
  return (
    <section aria-label="Rewind" className="mx-auto w-full max-w-3xl px-4 pb-3 max-sm:px-3">
      <div
        role="status"
        className="flex min-h-10 animate-fade-in flex-wrap items-center gap-x-4 gap-y-2.5 rounded-xl border bg-card px-3.5 py-2 text-sm shadow-xs"
      >
        <p className="flex min-w-52 flex-1 items-start gap-2.5">
          {moves ? (
            <Spinner className="mt-0.5 size-4 shrink-0" />
          ) : (
            <History
              aria-hidden
              className="mt-0.5 size-4 shrink-0 text-muted-foreground"
              strokeWidth={1.75}
            />
          )}
          <span className="[overflow-wrap:anywhere]">{text}</span>
        </p>
        {mayUndo && rewind.status === 'rewound' && (
          <Button
            size="sm"
            busy={undo.isPending}
            onClick={() =>
              undo.mutate(null, { onSuccess: focusContent, onError: (error) => toastError(error) })
            }
          >
            Undo
          </Button>
        )}
      </div>
    </section>
  );
}

/** null: there is nothing to say. */
function textOf({ status, failure, by }: SessionRewind): string | null {
  switch (status) {
    case 'rewinding':
      return 'Going back …';
    case 'undoing':
      return 'Undoing …';
    case 'rewound':
      return failure ?? `${by.name ?? 'Somebody'} went back. Until the next prompt starts, it can be undone.`;
    case 'failed':
      return `It could not go back. ${failure ?? ''}`.trim();
    default:
      return null;
  }
}
