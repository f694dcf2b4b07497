import { ReadinessChecks } from '@saas-codex/service-kit/readiness/readiness';
import { Upstream } from './proxy/upstream.js';

const DEADLINE_MS = 2_000;

/** The gateway needs one backend that is ready itself; without Redis it counts requests alone. */
export const readiness = {
  provide: ReadinessChecks,
  inject: [Upstream],
  useFactory: (upstream: Upstream) =>
    new ReadinessChecks([
      {
        name: 'backend',
        check: () => someBackendIsReady(upstream),
        otherwise: 'No backend is ready. GET /ready of the backends tells why.',
      },
    ]),
};

async function someBackendIsReady(upstream: Upstream): Promise<void> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const replicas = await upstream.replicas.inOrder();
  await Promise.any(
    replicas.map(async (replica) => {
      const request = { method: 'GET', path: '/ready', headers: {}, signal };
      const { statusCode } = (await upstream.sendTo(replica, request)).resume();
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
    }),
  );
}
