import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { ActiveRuns } from './active-runs.js';
import { CANCEL_PATTERN, type CancelMessage } from './cancellations.js';

/** What the runners tell each other through Redis. */
@Controller()
export class CancellationsController {
  constructor(private readonly active: ActiveRuns) {}

  @EventPattern(CANCEL_PATTERN)
  cancel(@Payload() { runId }: CancelMessage): void {
    this.active.stop(runId, 'cancelled');
  }
}
