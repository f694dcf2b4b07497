import { runMain } from '@saas-codex/platform/service';
import { readRunnerConfig } from './config.js';
import { startRunner } from './runner.js';

await runMain(() => startRunner(readRunnerConfig()));
