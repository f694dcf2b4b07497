import 'reflect-metadata';
import { runService } from '@saas-codex/platform/service';
import { startBackend } from './backend.js';
import { Config } from './config.js';

await runService(Config, startBackend);
