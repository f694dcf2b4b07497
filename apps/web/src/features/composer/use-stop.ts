import { useCancelRun } from '../runs/api/cancel-run.js';
import { toastError } from '../../shared/ui/toast.js';

/** Stops the running run. `stopping` holds until it has really ended. */
export function useStop(sessionId: string, runId: string | null) {
  const cancel = useCancelRun(sessionId);
  const stopping = runId !== null && cancel.variables === runId && !cancel.isError;
  return {
    stopping,
    stop: () => {
      if (runId && !stopping) cancel.mutate(runId, { onError: toastError });
    },
  };
}
