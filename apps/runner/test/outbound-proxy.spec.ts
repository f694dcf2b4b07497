import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { type ForwardProxy, startForwardProxy } from '@saas-codex/testing/forward-proxy';
import { only, portOf } from '@saas-codex/testing/runner/egress-world';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { createTestAuthority } from '@saas-codex/testing/runner/test-authority';

/*
 * A runner behind a proxy, with a certificate authority of its own: the model server and the hosts of an agent, whose names
 * only the proxy can resolve and whose certificates only NODE_EXTRA_CA_CERTS makes trusted.
 */

const MODEL = 'model.invalid';
const FILES = 'files.invalid';
const READ_ONLY = 'read-only.invalid';

let world: RunnerWorld;
let proxy: ForwardProxy;
let servers: Server[];
let certificates: string;

beforeAll(async () => {
  world = await RunnerWorld.create([
    {
      name: 'any',
      steps: [
        { do: 'command', cmd: '{{prompt}}' },
        { do: 'message', text: 'Done.' },
      ],
    },
  ]);
  const authority = await createTestAuthority([MODEL, FILES, READ_ONLY]);
  certificates = join(world.root, 'authority.pem');
  await writeFile(certificates, authority.pem);
  const model = createSecureServer(authority.server, (req, res) => {
    const { method = 'GET', headers } = req;
    const passed = request(new URL(req.url ?? '', world.model.baseUrl), { method, headers }, (answered) => {
      res.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(res);
    });
    req.pipe(passed);
  });
  const files = createSecureServer(authority.server, (_req, res) => res.end('secure '));
  const plain = createServer((req, res) => res.end(`plain${req.headers['proxy-authorization'] ?? ''} `));
  servers = [model, files, plain];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  proxy = await startForwardProxy();
  Object.assign(proxy.places, {
    [`${MODEL}:443`]: portOf(model),
    [`${FILES}:443`]: portOf(files),
    [`${READ_ONLY}:443`]: portOf(files),
    [`${FILES}:80`]: portOf(plain),
  });
});
afterAll(async () => {
  await world.destroy();
  await proxy.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

it('sends model calls and what agents reach through the proxy, and all of them trust its authority', async () => {
  const runner = await world.startRunner({
    ISOLATION: 'bubblewrap',
    CODEX_BASE_URL: `https://${MODEL}/v1`,
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: proxy.url,
    NODE_EXTRA_CA_CERTS: certificates,
  });
  const threadId = await world.createThread(runner);
  const urls = [
    `https://${FILES}/`,
    `http://${FILES}/a?b`,
    `https://${READ_ONLY}/`,
    'https://unknown.invalid/',
  ];
  const command = [...urls.map((url) => `curl -sS ${url} 2>&1`), 'true'].join('; ');
  const network = only({ host: FILES }, { host: READ_ONLY, methods: 'read' }, { host: 'unknown.invalid' });
  const events = await world.ended(await world.startRun(runner, threadId, command, network));
  expect(events.at(-1)?.type).toBe('run.succeeded');
  const item = dataOf(events, 'item.completed').find(({ item }) => item.type === 'command_execution');
  const output = String(item?.item['aggregated_output']);
  expect(output).toMatch(/^secure plain secure /);
  expect(output).toMatch(/CONNECT tunnel failed, response 502/);
  expect(new Set(proxy.seen)).toEqual(
    new Set([
      `CONNECT ${MODEL}:443`,
      `CONNECT ${FILES}:443`,
      `GET http://${FILES}/a?b`,
      `CONNECT ${READ_ONLY}:443`,
      'CONNECT unknown.invalid:443',
    ]),
  );
});
