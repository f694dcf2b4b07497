import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Id } from '@saas-codex/contracts/ids';
import {
  MODEL_CALLS_PATH,
  ReserveModelCall,
  type Reservation,
  SettleModelCall,
} from '@saas-codex/contracts/model-calls';
import { ServiceRoute } from '../identity/service-route.js';
import { ModelLedger } from './model-ledger.js';

/** For runners alone, see contracts/model-calls.ts. */
@ApiExcludeController()
@Controller(MODEL_CALLS_PATH)
export class ModelCallsController {
  constructor(private readonly ledger: ModelLedger) {}

  @Post()
  @HttpCode(200)
  @ServiceRoute()
  reserve(@Body({ schema: ReserveModelCall }) call: ReserveModelCall): Promise<Reservation> {
    return this.ledger.reserve(call);
  }

  @Post(':call_id/settle')
  @HttpCode(204)
  @ServiceRoute()
  settle(
    @Param('call_id', { schema: Id }) id: string,
    @Body({ schema: SettleModelCall }) body: SettleModelCall,
  ): Promise<void> {
    return this.ledger.settle(id, body);
  }
}
