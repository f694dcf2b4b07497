import { HEADERS } from '@saas-codex/contracts/http';
import { type CreateSession, Session } from '@saas-codex/contracts/sessions';
import type { z } from 'zod';
import { request } from '../../../shared/api/request.js';

/** Answers at once; the clone goes on behind it (`status: provisioning`). */
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
