import 'reflect-metadata';
import { readConfig } from '@saas-codex/platform/config';
import { runMain } from '@saas-codex/platform/service';
import { Config } from './config.js';
import { startRunner } from './runner.js';

await runMain(() => startRunner(readConfig(Config)));
