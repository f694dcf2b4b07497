import type { Session } from '@saas-codex/contracts/sessions';
import { SendHorizontal } from 'lucide-react';
import { inFront, promptDraftKey } from '../../entities/run/prompt-draft-key.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { drafts } from '../../shared/lib/drafts.js';
import { Button } from '../../shared/ui/button.js';
import { toastNotice } from '../../shared/ui/toast.js';

interface SendToCodexProps {
  session: Session;
  prompt: string;
  onDone: () => void;
}

/** Puts what is to be fixed into the composer, where the person reads it before sending it. */
export function SendToCodex({ session, prompt, onDone }: SendToCodexProps) {
  const mayPrompt = usePermission('runs:create');
  if (!mayPrompt || session.status !== 'ready') return null;
  const fill = () => {
    const name = promptDraftKey(session.session_id);
    drafts.write(name, inFront(prompt)(drafts.read(name)));
    toastNotice('It is in the composer', 'Read it, then send it. Push again when Codex is done.');
    onDone();
  };
  return (
    <div className="flex flex-wrap items-center gap-3 rounded-lg border bg-muted/40 px-3 py-2.5 text-sm">
      <p className="min-w-0 flex-1 basis-48">
        Something is to be fixed. Codex gets the logs and the comments as one prompt.
      </p>
      <Button variant="primary" onClick={fill}>
        <SendHorizontal aria-hidden strokeWidth={1.75} /> Send to Codex
      </Button>
    </div>
  );
}
