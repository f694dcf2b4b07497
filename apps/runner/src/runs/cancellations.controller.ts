import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Jail } from '../sandbox/jail/jail.js';
import { ActiveRuns } from './active-runs.js';
import { CANCEL_PATTERN, type CancelMessage } from './cancellations.js';

/** What the runners tell each other through Redis. */
@Controller()
export class CancellationsController {
  constructor(
    private readonly active: ActiveRuns,
    private readonly jail: Jail,
  ) {}

  /** Ends also what a runner that was killed has left on this machine, when Redis has forgotten the run since. */
  @EventPattern(CANCEL_PATTERN)
  async cancel(@Payload() { runId }: CancelMessage): Promise<void> {
    this.active.stop(runId, 'cancelled');
    await this.jail.end(runId);
  }
}
