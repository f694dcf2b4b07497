import 'reflect-metadata';
import { readConfig } from '@saas-codex/platform/config';
import { runMain } from '@saas-codex/platform/service';
import { Config } from './config.js';
import { startGateway } from './gateway.js';

await runMain(() => startGateway(readConfig(Config)));
