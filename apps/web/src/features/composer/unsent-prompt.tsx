import { CloudOff } from 'lucide-react';
import { useEffect, useEffectEvent } from 'react';
import { useConnectionState } from '../../shared/sse/connection-state.js';
import { Button } from '../../shared/ui/button.js';

/** The next attempt after the connection is back, or seems never to have been lost. */
const RETRY_MS = 4_000;

/** A prompt that did not reach the server, which is sent again as soon as that answers. Changing its text ends that. */
export function UnsentPrompt({ onRetry }: { onRetry: () => void }) {
  const connection = useConnectionState();
  const sendAgain = useEffectEvent(onRetry);
  useEffect(() => {
    if (connection !== 'live') return;
    const timer = setTimeout(() => sendAgain(), RETRY_MS);
    return () => clearTimeout(timer);
  }, [connection]);
  return (
    <div
      role="status"
      className="mb-2.5 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border bg-muted/60 px-3 py-2 text-sm"
    >
      <CloudOff aria-hidden className="size-4 shrink-0 text-warning" />
      <p className="min-w-48 flex-1">
        Not sent yet: {connection === 'offline' ? 'this device is offline' : 'the server does not answer'}. It
        is sent when the connection is back.
      </p>
      <Button size="sm" onClick={onRetry}>
        Send now
      </Button>
    </div>
  );
}
