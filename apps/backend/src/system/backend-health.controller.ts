import { healthController } from '@saas-codex/platform/health.controller';
import { Public } from '../tenants/public.decorator.js';
import { VERSION } from './version.js';

@Public()
export class BackendHealthController extends healthController('backend', VERSION) {}
