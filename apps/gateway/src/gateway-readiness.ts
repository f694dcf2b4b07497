import { ReadinessChecks } from '@saas-codex/service-kit/health/readiness';
import { BackendClient } from './proxy/backend-client.js';

const TIMEOUT_MS = 2_000;

/** The gateway needs one backend that is ready. It does not need Redis: without it, each gateway counts requests for itself. */
export const gatewayReadiness = {
  provide: ReadinessChecks,
  inject: [BackendClient],
  useFactory: (backend: BackendClient) =>
    new ReadinessChecks([
      {
        name: 'backend',
        check: () => requireReadyBackend(backend),
        otherwise: 'No backend is ready. GET /ready of a backend shows the reason.',
      },
    ]),
};

/** @throws AggregateError when no backend is ready */
async function requireReadyBackend(backend: BackendClient): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const replicas = await backend.replicas.orderForRequest();
  await Promise.any(
    replicas.map(async (replica) => {
      const request = { method: 'GET', path: '/ready', headers: {}, signal };
      const { statusCode } = (await backend.sendToReplica(replica, request)).resume();
      if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    }),
  );
}
