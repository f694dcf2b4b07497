import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/runs.module.js';
import { ArchiveMetrics } from './archive-metrics.js';
import { RunArchive } from './run-archive.js';
import { RunArchiver } from './run-archiver.js';

@Module({
  imports: [RunsModule],
  providers: [ArchiveMetrics, RunArchive, RunArchiver],
  exports: [RunArchive],
})
export class ArchiveModule {}
