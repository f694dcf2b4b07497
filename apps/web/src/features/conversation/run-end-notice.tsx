import { CircleAlert, Unplug } from 'lucide-react';
import type { Run } from '@saas-codex/contracts/runs';
import { outgoingPrompt, useSendPrompt } from '../../entities/run/api/prompt-session.js';
import { modelOf } from '../../entities/run/prompt-model.js';
import type { TimelineEnd } from '../../entities/timeline/run-timeline.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { cx } from '../../shared/lib/cx.js';
import { Button } from '../../shared/ui/button.js';
import { toastError } from '../../shared/ui/toast.js';

interface RunEndNoticeProps {
  end: TimelineEnd;
  run: Run;
  sessionId: string;
  /** The session takes prompts, and this is the latest run. */
  canFollowUp: boolean;
}

/** How a run failed and what to do about it; nothing for other endings. */
export function RunEndNotice({ end, run, sessionId, canFollowUp }: RunEndNoticeProps) {
  const maySend = usePermission('runs:create');
  const send = useSendPrompt(sessionId, { onRejected: (_outgoing, error) => toastError(error) });
  if (end.status === 'succeeded' || end.status === 'cancelled') return null;
  const interrupted = end.status === 'interrupted';
  const Icon = interrupted ? Unplug : CircleAlert;
  const sendAgain = () =>
    send.mutate(
      interrupted
        ? outgoingPrompt('continue', modelOf(run))
        : outgoingPrompt(run.prompt, { ...modelOf(run), images: run.images }),
    );
  return (
    <div
      className={cx(
        'my-2 flex gap-2.5 rounded-xl border px-3.5 py-3 text-sm',
        interrupted ? 'border-warning/25 bg-warning-soft' : 'border-destructive/25 bg-destructive-soft',
      )}
    >
      <Icon
        aria-hidden
        className={cx('mt-0.5 size-4 shrink-0', interrupted ? 'text-warning' : 'text-destructive')}
      />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{interrupted ? 'The run was interrupted' : 'The run failed'}</p>
        {end.reason && <p className="mt-0.5 [overflow-wrap:anywhere] text-muted-foreground">{end.reason}</p>}
        {canFollowUp && maySend && run.kind === 'prompt' && (
          <Button size="sm" className="mt-2.5" busy={send.isPending} onClick={sendAgain}>
            {interrupted ? 'Continue' : 'Try again'}
          </Button>
        )}
      </div>
    </div>
  );
}
