import { CloudOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { type ConnectionState, useConnectionState } from '../shared/sse/connection-state.js';
import { Spinner } from '../shared/ui/spinner.js';

/** Shorter interruptions are not worth a notice. */
const PATIENCE_MS = 1_500;

/** Says that the page may be out of date, below the header, whose title it does not cover. It disappears by itself. */
export function ConnectionNotice() {
  const state = useLastingState(useConnectionState());
  return (
    <div role="status" className="pointer-events-none absolute inset-x-0 top-15 z-30 flex justify-center">
      {state !== 'live' && (
        <p className="flex h-8 animate-pop-in items-center gap-2 rounded-full border bg-popover pr-3.5 pl-3 text-xs font-medium shadow-popover">
          {state === 'offline' ? (
            <CloudOff aria-hidden className="size-3.5 text-muted-foreground" />
          ) : (
            <Spinner className="size-3.5 text-muted-foreground" />
          )}
          {state === 'offline' ? 'You are offline. Nothing is lost.' : 'Reconnecting…'}
        </p>
      )}
    </div>
  );
}

function useLastingState(state: ConnectionState): ConnectionState {
  const [lasting, setLasting] = useState<ConnectionState>('live');
  useEffect(() => {
    const timer = setTimeout(() => setLasting(state), state === 'live' ? 0 : PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return lasting;
}
