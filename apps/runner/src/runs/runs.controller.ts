import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { Id } from '@saas-codex/contracts/ids';
import {
  AnswerRun,
  type RunHolding,
  type RunStarted,
  StartRun,
  SteerRunning,
} from '@saas-codex/contracts/runner-api';
import { RunLogHub, serveRunEvents } from '@saas-codex/event-log/run-log/run-log.hub';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { RunQueueService } from './run-queue.service.js';

@Controller('runs')
export class RunsController {
  constructor(
    private readonly runs: RunQueueService,
    private readonly hub: RunLogHub,
  ) {}

  @Post()
  @HttpCode(202)
  async start(@Body({ schema: StartRun }) body: z.output<typeof StartRun>): Promise<RunStarted> {
    return { runId: await this.runs.queueRun(body) };
  }

  @Get(':runId')
  async read(@Param('runId', { schema: Id }) runId: string): Promise<RunHolding> {
    return { held: await this.runs.isQueuedOrRunning(runId) };
  }

  @Post(':runId/cancel')
  @HttpCode(202)
  async cancel(@Param('runId', { schema: Id }) runId: string): Promise<RunStarted> {
    await this.runs.cancelRun(runId);
    return { runId };
  }

  @Post(':runId/answer')
  @HttpCode(202)
  async answer(
    @Param('runId', { schema: Id }) runId: string,
    @Body({ schema: AnswerRun }) body: z.output<typeof AnswerRun>,
  ): Promise<RunStarted> {
    await this.runs.answerRun(runId, body);
    return { runId };
  }

  @Post(':runId/steer')
  @HttpCode(202)
  async steer(
    @Param('runId', { schema: Id }) runId: string,
    @Body({ schema: SteerRunning }) { steerId, prompt }: SteerRunning,
  ): Promise<RunStarted> {
    await this.runs.steerRun(runId, { id: steerId, prompt });
    return { runId };
  }

  @Get(':runId/events')
  events(
    @Param('runId', { schema: Id }) runId: string,
    @Req() req: Request,
    @Res() res: Response,
  ): Promise<void> {
    return serveRunEvents(this.hub, req, res, runId, { refill: (seq) => this.runs.refillLogTo(runId, seq) });
  }
}
