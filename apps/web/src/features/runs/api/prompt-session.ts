import { Run } from '@saas-codex/contracts/runs';
import { path, request } from '../../../shared/api/request.js';

/** Queues a prompt; accepted while the session is still provisioning, too. */
export const promptSession = (sessionId: string, prompt: string, idempotencyKey: string): Promise<Run> =>
  request(path`/api/sessions/${sessionId}/prompt`, {
    method: 'POST',
    schema: Run,
    body: { prompt },
    idempotencyKey,
  });
