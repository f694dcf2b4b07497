import 'reflect-metadata';
import { readConfig } from '@saas-codex/platform/config';
import { runMain } from '@saas-codex/platform/service';
import { startBackend } from './backend.js';
import { Config } from './config.js';

await runMain(() => startBackend(readConfig(Config)));
