import 'reflect-metadata';
import { runService } from '@saas-codex/service-kit/service';
import { startBackend } from './backend.js';
import { Config } from './config.js';

await runService(Config, startBackend);
