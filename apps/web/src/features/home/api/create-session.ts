import { HEADERS } from '@saas-codex/contracts/http';
import { type CreateSession, Session } from '@saas-codex/contracts/sessions';
import type { z } from 'zod';
import { request } from '../../../shared/api/request.js';

/** Answers at once, while the clone continues (`status: provisioning`). */
export const createSession = (
  body: z.input<typeof CreateSession>,
  idempotencyKey: string,
): Promise<Session> =>
  request('/api/sessions', {
    method: 'POST',
    schema: Session,
    body,
    idempotencyKey,
    headers: { [HEADERS.prefer]: 'respond-async' },
  });
