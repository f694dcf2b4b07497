/** docker-compose.yml and deploy/ say the same about each service, and what its image and its settings say. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { readConfig } from '@saas-codex/service-kit/config';
import { parse, parseAllDocuments } from 'yaml';
import { Config as BackendConfig } from '../apps/backend/src/config.js';
import { Config as GatewayConfig } from '../apps/gateway/src/config.js';
import { Config as RunnerConfig } from '../apps/runner/src/config.js';
import { RUN_QUEUE } from '../apps/runner/src/runs/run-queue.js';
import { freePort } from '../scripts/lib/ports.mjs';
import { waitFor } from '@saas-codex/testing/wait-for';

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');
const SERVICES = { gateway: GatewayConfig, backend: BackendConfig, runner: RunnerConfig };
const NAMES = Object.keys(SERVICES) as (keyof typeof SERVICES)[];

interface Variable {
  name: string;
  valueFrom: { configMapKeyRef?: { key: string }; secretKeyRef?: { key: string; optional?: boolean } };
}
interface Container {
  image: string;
  ports: { containerPort: number }[];
  env: Variable[];
  securityContext: object;
  livenessProbe: { httpGet: { path: string } };
  readinessProbe: { httpGet: { path: string } };
  volumeMounts: { name: string; mountPath: string }[];
}
interface Manifest {
  kind: string;
  metadata: { name: string };
  data: Record<string, string>;
  spec: {
    template: {
      spec: { terminationGracePeriodSeconds: number; securityContext: object; containers: [Container] };
    };
    selector: object;
    clusterIP?: string;
    ports: { port: number }[];
    advanced: { scalingModifiers: { formula: string; target: string } };
    triggers: { name: string; metadata: { listName: string } }[];
  };
}
interface Compose {
  name: string;
  services: Record<string, { environment: object; ports?: string[]; command?: string[]; volumes?: string[] }>;
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const manifests = ['deploy/base', 'deploy/autoscaling']
  .flatMap((folder) => readdirSync(resolve(ROOT, folder)).map((file) => `${folder}/${file}`))
  .filter((file) => !file.endsWith('kustomization.yaml'))
  .flatMap((file) => parseAllDocuments(read(file)).map((document) => document.toJS() as Manifest));

function manifest(kind: string, name: string): Manifest {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}
const podOf = (service: string) => manifest('Deployment', service).spec.template.spec;
const containerOf = (service: string) => podOf(service).containers[0];
const settings = manifest('ConfigMap', 'settings').data;
const secretNames = [...read('deploy/example/secrets.env.example').matchAll(/^([A-Z_]+)=/gm)].map(
  ([, name]) => name,
);

/** What the image says: `ENV NAME=value …` and `EXPOSE`. */
function image(service: string): { env: Record<string, string>; port: number } {
  const text = read(`docker/${service}.Dockerfile`).replaceAll('\\\n', ' ');
  const lines = [...text.matchAll(/^ENV (.*)$/gm)].map(([, line]) => String(line)).join(' ');
  const env = Object.fromEntries([...lines.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
  return { env: env as Record<string, string>, port: Number(/^EXPOSE (\d+)$/m.exec(text)?.[1]) };
}

describe.each(NAMES)('%s', (service) => {
  const container = containerOf(service);

  test('gets the same variables from Kubernetes as from compose, and starts with them', () => {
    const names = container.env.map(({ name }) => name);
    expect(names.toSorted()).toEqual(Object.keys(compose.services[service]?.environment ?? {}).toSorted());
    const { env } = image(service);
    for (const { name, valueFrom } of container.env) {
      const { configMapKeyRef, secretKeyRef } = valueFrom;
      if (configMapKeyRef) expect(Object.keys(settings)).toContain(configMapKeyRef.key);
      else expect(secretNames).toContain(secretKeyRef?.key);
      env[name] = configMapKeyRef ? (settings[configMapKeyRef.key] ?? '') : (SECRETS[name] ?? '');
    }
    expect(() => readConfig(SERVICES[service], env)).not.toThrow();
  });

  test('is the image that compose builds, on its port, with the probes', () => {
    expect(container.image).toBe(`${compose.name}-${service}`);
    expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([image(service).port]);
    expect(container.livenessProbe.httpGet.path).toBe('/health');
    expect(container.readinessProbe.httpGet.path).toBe('/ready');
    manifest('PodDisruptionBudget', service);
    manifest('NetworkPolicy', service);
  });

  test('has no more rights than it has in compose, and its volumes where its image expects them', () => {
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(podOf(service).securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: expect.anything(),
    });
    const mounted = container.volumeMounts.map(({ name, mountPath }) => `${name}:${mountPath}`);
    expect(mounted.filter((mount) => mount !== 'tmp:/tmp')).toEqual(compose.services[service]?.volumes ?? []);
  });
});

const SECRETS: Record<string, string> = {
  DATABASE_URL: 'postgres://127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  SERVICE_TOKEN: 's'.repeat(32),
  AUTH_SECRET: 'a'.repeat(32),
};

test('services are found under the names and ports that their callers are told', () => {
  for (const [caller, name, service] of [
    ['gateway', 'BACKEND_URL', 'backend'],
    ['backend', 'RUNNER_URL', 'runner'],
  ] as const) {
    const url = `http://${service}:${image(service).port}`;
    expect([settings[name], compose.services[caller]?.environment]).toEqual([
      url,
      expect.objectContaining({ [name]: url }),
    ]);
    // Headless: the caller has to see the addresses of all of them.
    expect(manifest('Service', service).spec).toMatchObject({
      clusterIP: 'None',
      ports: [{ port: image(service).port }],
    });
  }
});

test('runners get longer to end than their runs, and are scaled by the queue that they work', () => {
  expect(podOf('runner').terminationGracePeriodSeconds).toBeGreaterThan(
    Number(settings['SHUTDOWN_GRACE_SECONDS']),
  );
  const { triggers, advanced } = manifest('ScaledObject', 'runner').spec;
  const queue = `${REDIS_KEYS.queuePrefix}:${RUN_QUEUE}`;
  expect(triggers.map(({ metadata }) => metadata.listName)).toEqual([
    `${queue}:wait`,
    `${queue}:prioritized`,
    `${queue}:active`,
  ]);
  expect(advanced.scalingModifiers).toEqual({
    formula: triggers.map(({ name }) => name).join(' + '),
    target: settings['MAX_CONCURRENT_RUNS'],
  });
});

describe('compose, scaled', () => {
  test('lets no container of a service that is scaled hold a port of the host', () => {
    for (const service of ['backend', 'runner'])
      expect(compose.services[service]).not.toHaveProperty('ports');
    const { ports, command } = compose.services['host-ports'] ?? {};
    expect(ports).toEqual(['127.0.0.1:${BACKEND_PORT:-9101}:8080', '127.0.0.1:${RUNNER_PORT:-9102}:8081']);
    expect(command?.slice(2)).toEqual([
      `8080=backend:${image('backend').port}`,
      `8081=runner:${image('runner').port}`,
    ]);
  });

  test('passes the host’s ports on, also while a service is away', async () => {
    const server = createServer((_req, res) => res.end('here'));
    const [open, away, target, nobody] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    server.listen(target, '127.0.0.1');
    await once(server, 'listening');
    expect((server.address() as AddressInfo).port).toBe(target);
    const places = [`${open}=127.0.0.1:${target}`, `${away}=127.0.0.1:${nobody}`];
    const child = spawn(process.execPath, [resolve(ROOT, 'docker/forward-ports.mjs'), ...places]);
    try {
      const answer = (port: number) => fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
      expect(await waitFor(() => answer(open))).toBe('here');
      await expect(answer(away)).rejects.toThrow();
      expect(await answer(open)).toBe('here');
    } finally {
      child.kill();
      server.close();
      server.closeAllConnections();
    }
  });
});
