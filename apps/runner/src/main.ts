import 'reflect-metadata';
import { runService } from '@saas-codex/service-kit/service';
import { Config } from './config.js';
import { startRunner } from './runner.js';

await runService(Config, startRunner, ({ SHUTDOWN_GRACE_SECONDS }) => SHUTDOWN_GRACE_SECONDS * 1_000);
