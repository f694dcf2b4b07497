import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/runs.module.js';
import { RunArchive } from './run-archive.js';
import { RunArchiver } from './run-archiver.js';

@Module({ imports: [RunsModule], providers: [RunArchive, RunArchiver], exports: [RunArchive] })
export class ArchiveModule {}
