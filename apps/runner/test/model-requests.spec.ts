import { gzipSync } from 'node:zlib';
import { text } from 'node:stream/consumers';
import type { Network } from '@saas-codex/contracts/network';
import type { TokenAccess } from '../src/model-proxy/model-access.js';
import { ProxyWorld, sse, streams } from '@saas-codex/testing/runner/proxy-world';

const ON: Network = { mode: 'on' };
const OFF: Network = { mode: 'off' };
const LIST: Network = { mode: 'allow_list', hosts: [{ host: 'example.org', methods: 'any' }] };

const part = (content: object) => ({ input: [{ type: 'message', role: 'user', content: [content] }] });

describe('a request to the model', () => {
  const world = new ProxyWorld();
  let sent: string[];
  beforeAll(() => world.start());
  beforeEach(() => {
    world.reset();
    sent = [];
    world.answer = async (req, res) => {
      sent.push(await text(req));
      streams(sse({ type: 'response.completed', response: {} }))(res);
    };
  });
  afterEach(() => world.proxy.onModuleDestroy());
  afterAll(() => world.stop());

  const ask = async (body: object | string, network: Network = OFF) => {
    const access = await world.open('run-1', world.proxy, network);
    const written = typeof body === 'string' ? body : JSON.stringify({ model: 'm', input: [], ...body });
    return world.call(access, { body: written });
  };

  it.each([
    ['what is stored', { store: true }],
    ['work in the background', { background: true }],
    ['a conversation', { conversation: 'conv_1' }],
    ['a dearer service tier', { service_tier: 'priority' }],
    ['an earlier response', { previous_response_id: 'resp_1' }],
    ['a prompt of the account, with tools of its own', { prompt: { id: 'pmpt_1' } }],
    ['an item of another response', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['a file of the account', part({ type: 'input_file', file_id: 'file_1' })],
    ['a picture elsewhere', part({ type: 'input_image', image_url: 'https://example.org/?secret' })],
    ['a picture, written otherwise', part({ type: 'image', image_url: { url: 'http://example.org/' } })],
    ['a file elsewhere', part({ type: 'input_file', file_url: ' data:https://example.org/' })],
    [
      'a picture that a tool has given',
      { input: [{ type: 'function_call_output', output: [{ image_url: 'https://example.org/' }] }] },
    ],
    ['a container', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }],
    ['a shell in a container', { tools: [{ type: 'shell', environment: { type: 'container_auto' } }] }],
    ['stored files', { tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] }],
    ['a server of tools', { tools: [{ type: 'mcp', server_url: 'https://example.org/mcp' }] }],
    ['a tool among others', { tools: [{ type: 'namespace', tools: [{ type: 'mcp' }] }] }],
    ['a tool in the input', { input: [{ type: 'additional_tools', tools: [{ type: 'mcp' }] }] }],
    ['a tool that is no list', { input: [{ type: 'additional_tools', tools: { type: 'mcp' } }] }],
  ])('is rejected with %s, regardless of the network setting', async (_, body) => {
    for (const network of [OFF, ON]) {
      const response = await ask(body, network);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'not_allowed_here' } });
    }
    expect(sent).toEqual([]);
    expect(world.heard.errors).toHaveLength(2);
  });

  it('is rejected for another model than the run’s: the named one, or else the one that was used first', async () => {
    const use = (access: TokenAccess, model?: string) =>
      world.call(access, { body: JSON.stringify({ model, input: [] }) });
    const unnamed = await world.open('run-1');
    const named = await world.open('run-2', world.proxy, OFF, 'small');
    expect((await use(unnamed)).status).toBe(400);
    expect((await use(unnamed, 'usual')).status).toBe(200);
    expect((await use(named, 'small')).status).toBe(200);
    expect((await use(unnamed, 'dear')).status).toBe(400);
    const refused = await use(named, 'dear');
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('This run may use only the model small.');
    expect(sent.map((body) => (JSON.parse(body) as { model: string }).model)).toEqual(['usual', 'small']);
  });

  it('passes on no header that chooses who pays', async () => {
    const headers = {
      'openai-organization': 'org-other',
      'openai-project': 'proj-other',
      'x-openai-actor-authorization': 'other',
      'x-codex-window-id': 'w',
    };
    await world.call(await world.open(), { headers });
    expect(Object.keys(world.seen[0]?.headers ?? {}).toSorted()).toEqual(
      ['accept', 'accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'host']
        .concat(['user-agent', 'x-codex-window-id'])
        .toSorted(),
    );
  });

  it('reports commands that Codex refused to start, once, and not those of earlier runs', async () => {
    const rejection = (callId: string, command: string) => {
      const inner = JSON.stringify(`\`/bin/bash -lc '${command}'\` rejected: not permitted`);
      const output = `exec_command failed: CreateProcess { message: ${JSON.stringify(`Rejected(${inner})`)} }`;
      return { type: 'function_call_output', call_id: callId, output };
    };
    const old = rejection('call_1', 'rm -rf old');
    const plain = rejection('call_2', 'rm -f "new"');
    const { output: text } = rejection('call_3', 'rm -f other');
    const fromScript = {
      type: 'custom_tool_call_output',
      call_id: 'call_3',
      output: [
        { type: 'input_text', text: 'Script failed' },
        { type: 'input_text', text },
      ],
    };
    const access = await world.open();
    for (const input of [[old], [old, plain], [old, plain, fromScript], [old, plain, fromScript]])
      await world.call(access, { body: JSON.stringify({ model: 'm', input }) });
    expect(world.heard.rejected).toMatchObject([
      { command: `/bin/bash -lc 'rm -f "new"'`, reason: 'not permitted' },
      { command: `/bin/bash -lc 'rm -f other'`, reason: 'not permitted' },
    ]);
  });

  it('reports the host that the model server was to contact, once', async () => {
    const picture = part({ type: 'input_image', image_url: 'https://example.org/?secret' });
    const tool = { tools: [{ type: 'mcp', server_url: 'http://tools.example:8080/mcp' }] };
    const access = await world.open('run-1', world.proxy, OFF);
    for (const body of [picture, picture, tool])
      await world.call(access, { body: JSON.stringify({ model: 'm', input: [], ...body }) });
    await ask(picture, LIST);
    await ask(picture, ON);
    expect(world.heard.refused).toEqual([
      { host: 'example.org', port: 443, reason: 'network_off' },
      { host: 'tools.example', port: 8080, reason: 'network_off' },
      { host: 'example.org', port: 443, reason: 'host_not_allowed' },
    ]);
  });

  it('may use the model server’s search with the network on', async () => {
    const search = { tools: [{ type: 'web_search', external_web_access: false }] };
    expect((await ask(search, OFF)).status).toBe(400);
    expect((await ask(search, LIST)).status).toBe(400);
    expect((await ask(search, ON)).status).toBe(200);
  });

  it('passes with everything that Codex sends', async () => {
    const body = {
      model: 'm',
      store: false,
      stream: true,
      tools: [
        { type: 'function', name: 'open', parameters: { properties: { image_url: { type: 'string' } } } },
        { type: 'namespace', name: 'n', tools: [{ type: 'custom', name: 'exec' }] },
      ],
      input: [
        { type: 'additional_tools', tools: [{ type: 'local_shell' }] },
        { type: 'message', content: [{ type: 'input_image', image_url: 'data:image/png;base64,AA==' }] },
        { type: 'web_search_call', action: { type: 'open_page', url: 'https://example.org/' } },
        { type: 'function_call', arguments: '{"image_url":"https://example.org/"}' },
      ],
    };
    expect((await ask(body)).status).toBe(200);
    expect(sent.map((text) => JSON.parse(text) as unknown)).toEqual([body]);
  });

  it('is rejected when it is ambiguous', async () => {
    expect((await ask('{"model":"m","store":true,"input":[],"store":false}')).status).toBe(200);
    expect(sent).toEqual(['{"model":"m","store":false,"input":[]}']);
    for (const body of ['', '[]', 'null', '{"model":"m",}', '['.repeat(100_000)])
      expect((await ask(body)).status).toBe(400);
    const access = await world.open();
    const body = gzipSync('{"model":"m","store":true}');
    const compressed = await world.call(access, { body, headers: { 'content-encoding': 'gzip' } });
    expect(compressed.status).toBe(400);
    expect(sent).toHaveLength(1);
  });

  it('is the same in any number of pieces', async () => {
    const body = Buffer.from(JSON.stringify({ model: 'm', input: 'é,'.repeat(100_000) }));
    const pieces = Array.from({ length: 1_000 }, (_, n) => body.subarray(n * n, (n + 1) * (n + 1)));
    const stream = new ReadableStream<Uint8Array>({
      pull: (to) => {
        const piece = pieces.shift();
        if (piece) to.enqueue(piece);
        else to.close();
      },
    });
    expect((await world.call(await world.open(), { body: stream, duplex: 'half' })).status).toBe(200);
    expect(sent[0] === body.toString()).toBe(true);
  });

  it('takes no more time to parse than a conversation', async () => {
    expect((await ask(`[${'[],'.repeat(2_000_000)}[]]`)).status).toBe(413);
    expect((await ask({ input: 'x'.repeat(20_000_000) })).status).toBe(200);
  });

  it('takes no more memory than a few conversations, even together with all others in flight', async () => {
    world.answer = (req, res) => {
      req.resume();
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    };
    const access = await world.open();
    const body = JSON.stringify({ model: 'm', input: 'x'.repeat(30 * 1024 * 1024) });
    const answers: Response[] = [];
    for (let call = 0; call < 3; call += 1) answers.push(await world.call(access, { body }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 413]);
  });
});
