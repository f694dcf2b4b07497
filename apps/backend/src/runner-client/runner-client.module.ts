import { Module } from '@nestjs/common';
import { RunnerClient } from './runner-client.js';

@Module({ providers: [RunnerClient], exports: [RunnerClient] })
export class RunnerClientModule {}
