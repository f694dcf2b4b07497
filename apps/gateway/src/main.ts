import 'reflect-metadata';
import { runService } from '@saas-codex/service-kit/service';
import { Config } from './config.js';
import { startGateway } from './gateway.js';

await runService(Config, startGateway);
