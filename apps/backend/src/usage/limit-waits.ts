/** A run, as the ledger names it. */
export interface WaitingRun {
  tenantId: string;
  sessionId: string;
  runId: string;
}

/** Whom the ledger tells that a run waits at a cap. Runs are built on usage, so `runs/` implements this port. */
export abstract class LimitWaits {
  /**
   * A run began or ceased to wait at a cap. It may be told twice. If it is lost, the run's next request says it again.
   * @param waits false: its call was granted or refused
   */
  abstract record(run: WaitingRun, waits: boolean): Promise<void>;
}
