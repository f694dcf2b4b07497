/** docker-compose.yml and deploy/ agree with each service's image and its declared settings. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { SENSITIVE } from '@saas-codex/contracts/setting-readers';
import { type Service, SERVICES, type Setting, SETTINGS } from '@saas-codex/contracts/settings';
import { readConfig } from '@saas-codex/service-kit/config';
import { Redis } from 'ioredis';
import { parse, parseAllDocuments } from 'yaml';
import { Config as BackendConfig } from '../apps/backend/src/config.js';
import { Config as GatewayConfig } from '../apps/gateway/src/config.js';
import { Config as RunnerConfig } from '../apps/runner/src/config.js';
import { RUN_QUEUE } from '../apps/runner/src/runs/run-queue.js';
import { freePort } from '../scripts/lib/ports.mjs';
import { requireProgram } from '../scripts/lib/system-packages.mjs';
import { waitFor } from '@saas-codex/testing/wait-for';

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');
const CONFIGS = { gateway: GatewayConfig, backend: BackendConfig, runner: RunnerConfig };
const DECLARED: [string, Setting][] = Object.entries(SETTINGS);
const readBy = (service: Service) =>
  DECLARED.filter(([, setting]) => setting.readBy.includes(service)).map(([name]) => name);

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
  ([, name]) => String(name),
);

/** Values from the Dockerfile: `ENV NAME=value …` and `EXPOSE`. */
function image(service: string): { env: Record<string, string>; port: number } {
  const text = read(`docker/${service}.Dockerfile`).replaceAll('\\\n', ' ');
  const lines = [...text.matchAll(/^ENV (.*)$/gm)].map(([, line]) => String(line)).join(' ');
  const env = Object.fromEntries([...lines.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
  return { env: env as Record<string, string>, port: Number(/^EXPOSE (\d+)$/m.exec(text)?.[1]) };
}

/** Variables of the image that are settings. */
const settingsOfImage = (service: string) =>
  Object.keys(image(service).env).filter((name) => name in SETTINGS);

describe.each(SERVICES)('%s', (service) => {
  const container = containerOf(service);

  test('gets exactly the declared settings that it reads from compose or its image', () => {
    const { environment = {} } = compose.services[service] ?? {};
    const given = [...Object.keys(environment), ...settingsOfImage(service)];
    expect(given.toSorted()).toEqual(readBy(service).toSorted());
  });

  test('gets exactly the declared settings that it reads from Kubernetes or its image', () => {
    const { env } = image(service);
    const given = [...container.env.map(({ name }) => name), ...settingsOfImage(service)];
    expect(given.toSorted()).toEqual(readBy(service).toSorted());
    for (const { name, valueFrom } of container.env) {
      const { configMapKeyRef, secretKeyRef } = valueFrom;
      expect([name, (secretKeyRef ?? configMapKeyRef)?.key]).toEqual([name, name]);
      expect([name, secretKeyRef !== undefined]).toEqual([name, SENSITIVE.includes(name)]);
      if (secretKeyRef) expect(secretNames).toContain(name);
      else expect(Object.keys(settings)).toContain(name);
      env[name] = secretKeyRef ? (SECRETS[name] ?? '') : (settings[name] ?? '');
    }
    expect(() => readConfig(CONFIGS[service], env)).not.toThrow();
  });

  test('uses the image that compose builds, its port and its probes', () => {
    expect(container.image).toBe(`${compose.name}-${service}`);
    expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([image(service).port]);
    expect(container.livenessProbe.httpGet.path).toBe('/health');
    expect(container.readinessProbe.httpGet.path).toBe('/ready');
    manifest('PodDisruptionBudget', service);
    manifest('NetworkPolicy', service);
  });

  test('has no more rights than in compose, and mounts its volumes where its image expects them', () => {
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

test('compose reads its declared settings from .env, with the declared defaults', () => {
  const used = [...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+)(?::-([^}]*))?/g)];
  const expected = DECLARED.filter(([, { takenBy }]) => takenBy.includes('docker compose'));
  expect([...new Set(used.map(([, name]) => String(name)))].toSorted()).toEqual(
    expected.map(([name]) => name).toSorted(),
  );
  for (const [, name, fallback] of used) {
    if (!fallback || fallback.includes('$')) continue;
    expect([name, fallback]).toEqual([name, DECLARED.find(([declared]) => declared === name)?.[1].default]);
  }
});

test('every setting in Kubernetes is read by a service', () => {
  const known = new Set(SERVICES.flatMap(readBy));
  expect(Object.keys(settings).filter((name) => !known.has(name))).toEqual([]);
  // KEDA reads the host and password of Redis separately. It cannot use an address that contains the password.
  const forKeda = ['REDIS_ADDRESS', 'REDIS_PASSWORD'];
  expect(secretNames.filter((name) => !known.has(name)).toSorted()).toEqual(forKeda);
});

test('callers find each service under its name and port', () => {
  for (const [caller, name, service] of [
    ['gateway', 'BACKEND_URL', 'backend'],
    ['runner', 'BACKEND_URL', 'backend'],
    ['backend', 'RUNNER_URL', 'runner'],
  ] as const) {
    const url = `http://${service}:${image(service).port}`;
    expect([settings[name], compose.services[caller]?.environment]).toEqual([
      url,
      expect.objectContaining({ [name]: url }),
    ]);
    // Headless: the caller needs the addresses of all replicas.
    expect(manifest('Service', service).spec).toMatchObject({
      clusterIP: 'None',
      ports: [{ port: image(service).port }],
    });
  }
});

test('runners get longer to stop than their runs, and scale with the run queue', () => {
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

describe('scaling with compose', () => {
  test('no container of a scaled service publishes a port of the host', () => {
    for (const service of ['backend', 'runner'])
      expect(compose.services[service]).not.toHaveProperty('ports');
    const { ports, command } = compose.services['host-ports'] ?? {};
    expect(ports).toEqual(['127.0.0.1:${BACKEND_PORT:-9101}:8080', '127.0.0.1:${RUNNER_PORT:-9102}:8081']);
    expect(command?.slice(2)).toEqual([
      `8080=backend:${image('backend').port}`,
      `8081=runner:${image('runner').port}`,
    ]);
  });

  test('the host’s ports forward to the services, and still do after a service was down', async () => {
    const server = createServer((_req, res) => res.end('here'));
    const [open, away, target, unused] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    server.listen(target, '127.0.0.1');
    await once(server, 'listening');
    expect((server.address() as AddressInfo).port).toBe(target);
    const places = [`${open}=127.0.0.1:${target}`, `${away}=127.0.0.1:${unused}`];
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

it("limits the memory of compose's Redis once its data are loaded, unless they need most of it", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-compose-redis-'));
  const port = await freePort();
  const names = ['redis-server', 'valkey-server'];
  const server = await requireProgram({ names, debianPackage: 'redis-server', purpose: 'Redis' });
  const programs = {
    'redis-server': `exec ${server} "$@"`,
    'redis-cli': `exec ${server.replace(/-server$/, '-cli')} -p ${port} "$@"`,
  };
  for (const [name, line] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(folder, name), 0o700);
  }
  const command = compose.services['redis']?.command?.[2]?.replaceAll('$$', () => '$') ?? '';
  const script = command.replace('dir /data', `dir ${folder}\nport ${port}\nbind 127.0.0.1`);
  const start = () => {
    const env = { PATH: `${folder}:${process.env['PATH']}`, REDIS_PASSWORD: 'secret', MAX_MEMORY_MB: '64' };
    const child = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const said = { text: '' };
    child.stderr.on('data', (chunk: Buffer) => (said.text += chunk.toString()));
    return { child, said };
  };
  const redis = new Redis(port, '127.0.0.1', { password: 'secret', maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const limit = async () => (await redis.config('GET', 'maxmemory'))[1];

  const first = start();
  await waitFor(async () => (await limit()) === String(64 * 1024 * 1024));
  for (let n = 0; n < 10; n += 1) await redis.set(`${n}`, Buffer.alloc(5_000_000));
  first.child.kill();
  await once(first.child, 'exit');

  const second = start();
  await waitFor(() => second.said.text.includes('REDIS_MAX_MEMORY_MB'));
  expect(await limit()).toBe('0');
  redis.disconnect();
  second.child.kill();
  await once(second.child, 'exit');
  await rm(folder, { recursive: true });
});
